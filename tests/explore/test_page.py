import functools
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from page_read import checked
from stand_in import StandIn, findings, table

pytest.importorskip("matplotlib")

from medsmall.explore import image_sections, labels, people_sections, pixels, table_sections
from medsmall.explore.summary import summary
from medsmall.page import writing
from medsmall.page.sections import Page, cell
from medsmall.task import Task

EVIL = "<script>alert('x')</script>"


def sections(dataset, split="no split, <i>sorry</i>"):
    """All sections but the augmentation's, whose library takes seconds to import."""
    rows = dataset.table()
    found = list(table_sections.targets(dataset, rows, rows, split))
    found += people_sections.patients(dataset, rows)
    looks = {name: pixels.look(dataset, name) for name in rows["image"] if name != "broken"}
    drawn = image_sections.chosen(dataset, rows, seed=0)
    classes = len(labels.classes(rows, dataset.targets, dataset.task))
    found.append(image_sections.contact_sheets(dataset, drawn, looks, classes))
    found += image_sections.measured(dataset, rows, looks, list(rows["image"]))
    found += image_sections.unreadable({"broken": "The image broken cannot be read."})
    return found


def paged(found):
    return Page("a <b>title</b>", "s", [("1", "image")], [("Source", "x")], ["w"], found, "0")


def regression(n):
    return np.random.default_rng(0).normal(100, 30, n).round()


CASES = {
    "binary": (table(20, findings(20, ["a"]) | {"view": ["PA", "AP"] * 10}), ["a"], Task.BINARY),
    "multilabel": (
        table(40, findings(40, [EVIL, "b & c"]) | {"split": ["train_val", "test"] * 20,
              "age": np.arange(40.0), "sex": ["F", "M"] * 20, EVIL + "!": [EVIL, "'\""] * 20,
              "é": ["x", "y"] * 20, "ü": ["x", "y"] * 20}),
        [EVIL, "b & c"], Task.MULTILABEL,
    ),
    "nothing known": (table(20, {"a": np.nan, "b": np.nan}), ["a", "b"], Task.MULTILABEL),
    "one positive": (table(2, {"a": [1.0, np.nan]}), ["a"], Task.BINARY),
    "regression": (
        table(30, {"months": regression(30), "sex": ["F", "M", ""] * 10}), ["months"],
        Task.REGRESSION,
    ),
    "regression, unknown": (table(6, {"m": np.nan, "n": 5.0}), ["m", "n"], Task.REGRESSION),
    "60 classes": (
        table(120, {f"class {k}": (np.arange(120) % 60 == k).astype(float) for k in range(60)}),
        [f"class {k}" for k in range(60)], Task.MULTICLASS,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def found_in():
    """The sections of a case, made once."""
    return functools.cache(lambda case: sections(StandIn(*CASES[case])))


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_data_set_gets_a_page(case, found_in, tmp_path, unpainted):
    found = found_in(case)
    written = writing.write(paged(found), tmp_path / "explore" / "x")
    text = written.read_text(encoding="utf-8")
    seen = checked(text)
    assert EVIL not in text
    assert "a <b>title</b>" in seen.text
    assert "<i>sorry</i>" in seen.text
    beside = {file.name for file in written.parent.iterdir()} - {"index.html"}
    named = [one.name for s in found for one in [*s.drawings, *s.sheets]]
    assert beside == {f"{d.name}.png" for s in found for d in [*s.drawings, *s.sheets]} | {
        f"{t.name}.csv" for s in found for t in s.tables
    }
    assert len(set(named)) == len(named)
    for address in seen.addresses:  # nothing is fetched: in the page, or a file beside it
        assert address in beside or address.startswith(("#", "data:image/"))
        assert not address.startswith("#") or address[1:] in seen.ids
    assert not re.search(r"@import|url\((?!#)", text)
    assert "broken" in seen.text


def test_a_page_of_many_classes_is_limited_and_says_so(found_in):
    found = {s.anchor: s for s in found_in("60 classes")}
    assert len(found["sheets"].sheets) == image_sections.MOST_CLASSES
    assert "24 most frequent of 60 classes" in " ".join(found["sheets"].text)
    assert "30 most frequent of 60" in " ".join(found["targets"].text)
    assert len(found["targets"].tables[0].frame) == 60


def test_contact_sheets_prefer_images_of_different_patients():
    rows = table(100, {"a": 1.0}).assign(patient=["p0"] * 80 + [f"q{k}" for k in range(20)])
    dataset = StandIn(rows, ["a"], Task.BINARY)
    drawn = image_sections.chosen(dataset, rows, seed=3)
    assert drawn["a"]["patient"].nunique() == image_sections.PER_CLASS
    assert drawn["not a"].empty
    pd.testing.assert_frame_equal(drawn["a"], image_sections.chosen(dataset, rows, seed=3)["a"])


def test_beside_the_page_lie_what_its_tables_and_figures_show(found_in, tmp_path):
    rows, first = CASES["binary"][0], found_in("binary")[:1]
    writing.write(paged(first), tmp_path / "x")
    counts = pd.read_csv(tmp_path / "x" / "targets.csv")
    assert counts["positive"][0] == (rows["a"] == 1).sum()
    assert counts["prevalence"][0] == rows["a"].mean()
    for drawing in first[0].drawings:
        picture = (tmp_path / "x" / f"{drawing.name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")


def test_a_page_takes_the_place_of_the_one_before(found_in, tmp_path):
    undrawn = [s for s in found_in("binary") if not s.drawings]
    for _ in range(2):
        writing.write(paged(undrawn), tmp_path / "x")
        assert not (tmp_path / "x" / "old.png").exists()
        (tmp_path / "x" / "old.png").touch()
    broken = paged([*undrawn, None])
    with pytest.raises(AttributeError):
        writing.write(broken, tmp_path / "x")
    assert (tmp_path / "x" / "index.html").exists()
    assert [f.name for f in tmp_path.iterdir()] == ["x"]


def test_the_split_is_described_part_by_part():
    rows = table(40, findings(40, ["a", "b"]))
    dataset = StandIn(rows, ["a", "b"], Task.MULTILABEL)
    split = pd.Series(["train"] * 20 + ["val"] * 10 + ["test"] * 10)
    made = table_sections.targets(dataset, rows, rows, split)
    section = next(s for s in made if s.anchor == "split")
    shares = section.tables[0].frame
    assert list(shares) == ["target", "whole", "train", "val", "test", "largest_imbalance"]
    assert shares["test"][0] == pytest.approx(rows["a"][30:].mean())


def test_the_headline_says_what_is_unknown_and_leaves_out_what_is_empty():
    rows = table(4, {"a": 1.0})
    dataset = StandIn(rows, ["a"], Task.BINARY)
    dataset.licence = ""

    def headline(rows):
        return summary(SimpleNamespace(phantom=False), dataset, rows, rows, False, [])

    alone = headline(rows.assign(patient=rows["image"]))
    assert ("–", "patients unknown") in alone.facts
    assert alone.warnings[0].endswith("If patients repeat, test scores will be inflated.")
    assert [what for what, _ in alone.about] == ["Targets", "Folder", "Citation", "Source"]
    assert ("2", "patients (lesion)") in headline(rows.assign(lesion=rows["patient"])).facts


@pytest.mark.parametrize(
    ("value", "percent", "shown"),
    [
        (1234, False, "1,234"), (0.1234, True, "12.3%"), (0.00123, True, "0.12%"),
        (np.nan, True, "–"), (None, False, "–"), (12345.6, False, "12,346"), ("x", False, "x"),
        (np.float64(2.0), False, "2"),
    ],
)  # fmt: skip
def test_cells(value, percent, shown):
    assert cell(value, percent) == shown
