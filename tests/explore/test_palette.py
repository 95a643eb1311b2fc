import re

import numpy as np
import pandas as pd
import pytest
from stand_in import findings, table

pytest.importorskip("matplotlib")

from medsmall.explore import bar_charts, charts, labels
from medsmall.page import palette


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):  # WCAG 2.2
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_everything_can_be_read_in_both_modes(mode):
    colours = {role: pair[mode] for role, pair in palette.COLOURS.items()}
    for role in ("ink", "quiet"):
        assert contrast(colours[role], colours["surface"]) >= 4.5
    for role in "abcdefg":
        assert contrast(colours[role], colours["surface"]) >= 3
    for level in range(6):
        ink = colours["heat_ink" if level >= 4 else "ink"]
        assert contrast(ink, colours[f"heat_{level}"]) >= 4.5


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_the_heat_map_is_in_order_of_lightness(mode):
    shades = [luminance(palette.COLOURS[f"heat_{level}"][mode]) for level in range(6)]
    assert shades == sorted(shades, reverse=mode == 0)


def test_a_light_colour_stands_for_one_role():
    light = [pair[0] for pair in palette.COLOURS.values()]
    assert len(set(light)) == len(light)


def on_page(figure, name, alt):
    return palette.for_page(palette.drawn_svg(figure), name, alt)


@pytest.fixture(scope="module")
def figures():
    names = ["a<b>", "$x$ & y", "c"]
    sample = table(60, findings(60, names))
    counts = labels.count(sample, names, pd.Series(["train", "test"] * 30))
    return {
        "prevalence": bar_charts.prevalence(counts),
        "unknown": bar_charts.unknown(counts[counts["part"] == "all"]),
        "together": charts.cooccurrence(labels.cooccur(sample, names)),
        "histogram": charts.histogram({"all": sample["c"]}, "c"),
    }


@pytest.fixture(scope="module")
def svgs(figures):
    alt = 'It\'s <b>bold</b> & "quoted"'
    return {name: on_page(figure, name, alt) for name, figure in figures.items()}


def test_figures_refer_to_roles_and_to_nothing_else(svgs):
    for name, text in svgs.items():
        assert text.startswith('<svg role="img" aria-label="It&#x27;s &lt;b&gt;bold')
        assert "var(--ink)" in text
        colours = re.findall(r"#[0-9a-fA-F]{6}\b", text)
        assert not colours, f"{name} has colours of its own"
        for words in re.findall(r"<text[^>]*>", text):
            assert "var(--" in words.replace("var(--font)", ""), "text without a role is black"
        assert "DejaVu" not in text
        assert "http" not in text.replace("http://www.w3.org/", "")


def test_names_are_shown_as_they_are(svgs):
    text = svgs["prevalence"]
    assert "a&lt;b&gt;" in text
    assert "$x$ &amp; y" in text


def test_ids_of_two_figures_differ(svgs):
    one, other = (
        set(re.findall(r'\sid="([^"]+)"', svgs[name])) for name in ("prevalence", "unknown")
    )
    assert one
    assert not one & other
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", svgs["prevalence"])) <= one


def test_the_same_figure_gives_the_same_bytes(figures):
    for kind in ("svg", "pdf"):
        one, other = (palette.picture(figures["together"], kind) for _ in range(2))
        assert one == other
    assert palette.picture(figures["together"], "png")[:4] == b"\x89PNG"


def test_a_pdf_has_fonts_that_printers_take(figures, true_pdfs):
    file = palette.picture(figures["together"], "pdf")
    assert b"/FontFile2" in file  # TrueType
    assert b"/Type3" not in file


def test_a_small_figure_is_not_enlarged():
    pairs = labels.cooccur(table(20, findings(20, ["a", "b"])), ["a", "b"])
    assert 'min-width: 307px"' in on_page(charts.cooccurrence(pairs), "two", "")


def test_what_is_told_is_a_title_and_no_code():
    @palette.drawn
    def figure():
        made, (axes,) = palette.new_figure(3, 2)
        (mark,) = axes.plot([1], [2], "o")
        palette.told(mark, '<b>"a" & b</b>: 0.8', "3")
        return made

    text = on_page(figure(), "one", "")
    assert '<g data-arm="3"><title>&lt;b&gt;”a” &amp; b&lt;/b&gt;: 0.8</title>' in text


@pytest.mark.parametrize("seed", range(10))
def test_bins_hold_all_values_and_are_equal(seed):
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.normal(size=30) * 10 ** rng.uniform(-5, 5) + rng.normal() * 100)
    edges = charts.even_edges(values)
    assert edges[0] <= values.min() <= values.max() <= edges[-1]
    assert len(edges) <= 25
    assert np.diff(edges) == pytest.approx(edges[1] - edges[0])


@pytest.mark.parametrize("step", [1, 5, 10, 12])
@pytest.mark.parametrize("most", [7, 20, 90, 400])
def test_whole_numbers_make_no_comb(step, most):
    values = pd.Series(np.arange(most) * step)
    edges = charts.even_edges(values)
    counts = np.histogram(values, edges)[0]
    full = counts[: most * step // int(edges[1] - edges[0])]
    assert len(set(full)) == 1
    assert counts.sum() == most
