"""The tables of a manuscript: the numbers of the report, and any name in three formats."""

import json
import re
import shutil
import subprocess
from contextlib import nullcontext

import pandas as pd
import pytest
from made_records import sweep

from medsmall.errors import MedsmallError
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.manuscript.facts import Facts
from medsmall.report.manuscript.formats import latex, latex_text, markdown, markdown_text
from medsmall.report.manuscript.tables import Sheet, number, p_value, places, scores, verdicts
from medsmall.report.question import answer

NAMES = [
    "a_b 50% & c#1 $x$ ~^\\{}", "R² × 2 ± 1 – α µ°", "=cmd|' /C calc'!A0", "[opt] *star",
    "gradual_unfreezing, strategy.lr=0.0003, learner.train_views=4", '"q" <b>`tick`', "two\nlines",
]  # fmt: skip
SHEET = Sheet(
    "scores", "Hernia_x in 50% & more: R²",
    pd.DataFrame({
        "arm": NAMES, "training images": "1,600", "AUROC [95% interval]": "0.812 [-0.771, 0.853]",
        "repeats": "10",
    }),
    ("Where there is no interval, split.fold=0 is all.",),
)  # fmt: skip
DOCUMENT = r"""\documentclass[twocolumn]{article}
\usepackage[utf8]{inputenc}\usepackage{booktabs,tabularx,array}
\begin{document}\input{table}\end{document}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    sweep(folder, {"none": 0.2, "imagenet": 0.8})
    return folder


@pytest.fixture(scope="module")
def facts(root):
    return Facts.of(answer(Asked.of([str(root)])))


def test_scores_are_those_of_the_cells(facts):
    frame = scores(facts).frame
    assert [*frame.columns] == [
        "arm", "training images", "labelled images", "AUROC [95% interval]", "repeats",
    ]  # fmt: skip
    for row, cell in zip(frame.itertuples(index=False), facts.found.cells, strict=True):
        assert row[0] == facts.study.name(cell.arm)
        assert row[1:3] == (f"{cell.size:,}", f"{cell.labels:,}")
        mean, low, high = map(float, re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", row[3]).groups())
        assert (mean, low, high) == pytest.approx((cell.mean, *cell.interval), abs=5e-4)
        assert row[4] == str(cell.repeats)


def test_the_higher_arm_of_a_pair_stands_first(facts):
    frame = verdicts(facts).frame
    for row, one in zip(frame.itertuples(index=False), facts.found.comparisons, strict=True):
        assert row[0] == "imagenet vs no pretraining"
        value, low, high = map(float, re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", row[2]).groups())
        ends = sorted(map(abs, (one.verdict.low, one.verdict.high)))
        assert (value, low, high) == pytest.approx((abs(one.found.value), *ends), abs=5e-4)
        assert row[3] == p_value(one.verdict.p)
        assert row[4] == "first better"


@pytest.mark.parametrize(
    ("values", "told"),
    [([0.8124], "0.812"), ([-0.0001], "0.000"), ([12.3456], "12.35"), ([123.456], "123.5")],
)
def test_numbers_are_rounded_by_their_size(values, told):
    assert number(values[0], None, places(values)) == told


def test_small_p_values_are_bounded():
    assert (p_value(1e-12), p_value(0.0494), p_value(1.0)) == ("< 0.001", "0.049", "1.000")


def test_markdown_shows_every_name_as_it_is():
    """A row has as many cells as the heading, and its backslashes hide only markup."""
    lines = [line for line in markdown(SHEET).split("\n") if line.startswith("|")]
    for line, name in zip(lines[2:], NAMES, strict=True):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert len(cells) == 4
        assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cells[0]) == " ".join(name.split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("tf_efficientnet", "tf_efficientnet"), ("_x_", "\\_x\\_"), ("[a](b)", "[a]\\(b)"),
        ("p < 0.05", "p < 0.05"), ("<b>", "\\<b>"), ("R & D &amp;", "R & D \\&amp;"),
        ("[to be filled in: x]", "[to be filled in: x]"), ("a|b", "a\\|b"),
    ],
)  # fmt: skip
def test_markdown_escapes_markup_alone(text, escaped):
    assert markdown_text(text) == escaped


def test_latex_is_one_table_with_a_caption():
    text = latex(SHEET)
    for once in (r"\begin{table}", r"\end{table}", r"\caption{", r"\label{tab:scores}", r"\toprule",
                 r"\midrule", r"\bottomrule", r"\begin{tabularx}{\linewidth}"):  # fmt: skip
        assert text.count(once) == 1
    rows = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0].strip().split("\n")
    assert len(rows) == len(NAMES)
    for row in rows:
        assert row.endswith(r" \\")
        assert len(re.findall(r"(?<!\\)&", row)) == 3
        assert "{[}\\(-\\)0.771, 0.853{]}" in row


@pytest.mark.parametrize("character", list("_%&#${}~^\\<>|[]*"))
def test_latex_escapes_what_it_would_run(character):
    assert latex_text(f"a{character}b") != f"a{character}b"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_latex_compiles_within_its_column(tmp_path):
    (tmp_path / "table.tex").write_text(latex(SHEET), encoding="utf-8")
    (tmp_path / "all.tex").write_text(DOCUMENT, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    wide = [float(one) for one in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert max(wide, default=0.0) < 5.0


def test_tables_of_an_earlier_report_do_not_stay(root, tmp_path, figures):
    asked, folder = [str(root), f"to={tmp_path / 'told'}"], tmp_path / "told"

    def there():
        return {file.relative_to(folder).as_posix() for file in folder.rglob("*.*")}

    pairs = {f"tables/verdicts.{kind}" for kind in ("csv", "tex", "md")}
    pairs |= {"verdicts.csv", "figures/differences.svg", "figures/differences.pdf"}
    report(Asked.of(asked))
    assert there() >= pairs
    (folder / "figures" / "mine.svg").write_text("mine")
    report(Asked.of([*asked, "pretraining=none"]))
    assert not there() & pairs
    assert there() >= {f"tables/scores.{kind}" for kind in ("csv", "tex", "md")}
    assert (folder / "figures" / "mine.svg").read_text() == "mine"


def test_no_file_elsewhere_goes_with_an_earlier_report(root, tmp_path):
    folder, other = tmp_path / "told", tmp_path / "mine.txt"
    other.write_text("mine")
    folder.mkdir()
    own = [folder / name for name in ("data.csv", "src/app.py", "a")]
    for file in own:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    names = ["data.csv", "src/app.py", "a"]
    about = {"sentences": [], "records": []}
    for content in (
        {**about, "files": [str(other), "../mine.txt", "src/app.py", "figures/../../mine.txt"]},
        {"files": names}, {"files": {name: {} for name in names}}, {**about, "files": "a"},
        {**about, "files": [1]}, {**about, "files": None}, [], 1,
    ):  # fmt: skip
        (folder / "report.json").write_text(json.dumps(content))
        with nullcontext() if "records" in str(content) else pytest.raises(MedsmallError):
            report(Asked.of([str(root), f"to={folder}"]))
        assert {file.read_text() for file in [other, *own]} == {"mine"}


def test_a_folder_with_files_of_those_names_is_refused(root, tmp_path):
    (tmp_path / "scores.csv").write_text("mine")
    with pytest.raises(MedsmallError, match="holds no report, but scores.csv, .*with to="):
        report(Asked.of([str(root), f"to={tmp_path}"]))
    assert [file.name for file in tmp_path.iterdir()] == ["scores.csv"]
    for name in ("runs", "runs/mine"):
        with pytest.raises(MedsmallError, match="is for records of runs"):
            report(Asked.of([str(root), f"to={root / name}"]))


def test_what_an_interrupted_report_wrote_goes_with_the_next(root, tmp_path, monkeypatch):
    folder = tmp_path / "told"

    def interrupted():
        raise KeyboardInterrupt

    pages = [{"figures/sheet_worst.png": lambda: b"films", "report.html": interrupted}, {}]
    monkeypatch.setattr("medsmall.report.files._page", lambda *asked: pages.pop(0))
    with pytest.raises(KeyboardInterrupt):
        report(Asked.of([str(root), f"to={folder}"]))
    assert (folder / "figures" / "sheet_worst.png").exists()
    report(Asked.of([str(root), f"to={folder}"]))
    assert not [*(folder / "figures").iterdir()]
