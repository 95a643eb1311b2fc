import json

import pandas as pd
import pytest
import yaml
from PIL import Image

from medsmall.dataset.folder import Folder
from medsmall.dataset.guess.infer import infer
from medsmall.dataset.guess.said import NOTHING, Said
from medsmall.dataset.guess.written import Written
from medsmall.dataset.guess.yaml_text import yaml_of
from medsmall.errors import MedsmallError


@pytest.fixture
def table(tmp_path):
    """A table of 12 images, and a function that infers it around the edits in a YAML."""
    rows = pd.DataFrame({"image": [f"{i}.png" for i in range(12)], "dx": ["a", "b"] * 6,
                         "grade": ["x", "y", "y"] * 4, "pid": [f"p{i // 2}" for i in range(12)],
                         "sex": ["F", "M"] * 6})  # fmt: skip
    for name in rows["image"]:
        Image.new("L", (8, 8)).save(tmp_path / name)
    rows.to_csv(tmp_path / "images.csv", index=False)
    return tmp_path / "images.csv"


def written(table, said=NOTHING, edit=None):
    """The YAML of the first call, perhaps edited: `edit` takes and returns its text."""
    text = yaml_of(infer(table, "x", said), "x")
    file = table.parent / "x.yaml"
    file.write_text(edit(text) if edit else text)
    return Written.read(file)


def again(table, before, said=NOTHING):
    found = infer(table, "x", before.said(said))
    before.keep(found, said)
    found.data.table()
    text, changes = before.updated(found, said)
    before.file.write_text(text)
    return yaml.safe_load(text), changes


def test_the_same_data_change_nothing(table):
    before = written(table)
    assert before.edits == {}
    assert again(table, before)[1] == []
    assert before.file.read_text() == before.text


def test_what_was_not_edited_is_updated_and_shown(table):
    before = written(table, edit=lambda text: "# my own line\n" + text)
    rows = pd.read_csv(table).rename(columns={"pid": "patient"})
    rows.drop(columns="sex").to_csv(table, index=False)
    values, changes = again(table, before)
    assert changes == ["patient: pid -> patient", "sex: sex -> none"]
    assert (values["patient"], values["sex"]) == ("patient", None)
    assert before.file.read_text().startswith("# my own line\n")
    assert again(table, Written.read(before.file))[1] == []


def test_edits_stay_and_the_guesses_suit_them(table):
    def edit(text):
        lines = {"label: ": "label: grade", "positive: ": "positive: x",
                 "patient: ": "patient: null", "modality: ": "modality: skin  # ours"}  # fmt: skip
        text = "\n".join(
            next((new for old, new in lines.items() if line.startswith(old)), line)
            for line in text.splitlines()
        )
        return text.replace("dataset.table.Table", "dataset.table.Table\n# mine", 1)

    before = written(table, edit=edit)
    assert set(before.edits) == {
        "label", "targets", "positive", "task", "patient", "patient_pattern", "modality",
    }  # fmt: skip
    for _ in range(2):  # they stay edits
        values, changes = again(table, Written.read(before.file))
        assert changes == []
        assert values["label"] == "grade"
        assert (values["positive"], values["patient"]) == ("x", None)
        assert "modality: skin  # ours\n" in before.file.read_text()


def test_options_stay_too_and_go_before_edits(table):
    before = written(table, Said(label="grade", columns={"sex": "none"}))
    assert again(table, before)[1] == []
    values, changes = again(table, Written.read(before.file), Said(label="dx"))
    assert set(changes) == {
        "positive: y -> b", "label: grade -> dx",
    }  # fmt: skip
    assert (values["label"], values["sex"]) == ("dx", None)


def test_a_value_that_other_keys_give_stays_in_the_file(table):
    before = written(
        table, edit=lambda text: text.replace(f'"{table.parent}"', "${data_root}/x", 1)
    )
    values, changes = again(table, before)
    assert (values["root"], changes) == ("${data_root}/x", [])


def test_a_merge_is_kept_and_grows(table):
    def respell(old, new):
        rows = pd.read_csv(table)
        rows.loc[rows.index[rows["dx"] == old][0], "dx"] = new
        rows.to_csv(table, index=False)

    respell("a", "A")
    before = written(table, Said(label="dx", merge=True))
    assert before.values["merge"] == {"A": "a"}
    assert again(table, before, Said(merge=True))[1] == []
    respell("b", "B")
    with pytest.raises(MedsmallError, match="'B' and 'b' are one class.*--merge"):
        again(table, Written.read(before.file))
    values, changes = again(table, Written.read(before.file), Said(merge=True))
    assert values["merge"] == {"A": "a", "B": "b"}
    assert changes == ["merge: A -> a -> A -> a, B -> b"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "mine",
        lambda text: text.rpartition("#")[0],
        lambda text: text.replace("label:", "label: ["),
        lambda text: text.rpartition("{")[0] + "{",
    ],
)
def test_a_file_whose_edits_cannot_be_told_is_refused(table, spoil):
    with pytest.raises(MedsmallError, match="--force"):
        written(table, edit=spoil)


def test_another_kind_of_data_is_refused(table):
    before = written(table)
    Folder("/nowhere").write_phantom(table.parent / "films", 20, 0)
    found = infer(table.parent / "films", "x")
    with pytest.raises(MedsmallError, match="Table, but the data are now a .*Folder: add --force"):
        before.keep(found, NOTHING)


def test_the_guesses_are_one_line_of_ascii(table):
    rows = pd.read_csv(table)
    rows.rename(columns={"dx": "Diagnöse\u2028"}).to_csv(table, index=False)
    text = yaml_of(infer(table, "x", Said(label="grade")), "x")
    line = text.rstrip("\n").rpartition("\n")[2]
    assert line.isascii()
    assert "label" not in json.loads(line.partition(": ")[2])
