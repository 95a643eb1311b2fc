import csv
import gzip
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset.chexpert import COMPETITION, LABELS, CheXpert
from medsmall.dataset.files import absent_files
from medsmall.errors import MedsmallError

HEADER = ",".join(["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS])


def row(path, sex="Male", age="60", view="Frontal", side="AP", **cells):
    return ",".join([path, sex, age, view, side, *(cells.get(x[:5], "") for x in LABELS)])


ROWS = [
    row("REL/train/patient00001/study1/view1_frontal.jpg", Edema="1.0", Cardi="0.0"),
    row("REL/train/patient00001/study2/view1_frontal.jpg", side="PA", Edema="-1.0", Cardi="-1.0"),
    row("REL/train/patient00001/study2/view2_lateral.jpg", view="Lateral", side=""),
    row("REL/train/patient00002/study1/view1_frontal.jpg", sex="Unknown", age="0", side=""),
    row("REL/train/patient00003/study1/view1_lateral.jpg", view="Lateral", side="LL"),
    row("REL/train/patient00003/study1/view2_lateral.jpg", view="Lateral", side="RL"),
]


@pytest.fixture
def release(tmp_path, request):
    name = getattr(request, "param", "CheXpert-v1.0-small")
    rows = [text.replace("REL", name) for text in ROWS]
    (tmp_path / "train.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    valid = row(f"{name}/valid/patient64541/study1/view1_frontal.jpg", Edema="1.0")
    (tmp_path / "valid.csv").write_text(f"{HEADER}\n{valid}\n")
    return tmp_path


@pytest.mark.parametrize("release", ["CheXpert-v1.0", "CheXpert-v1.0-small", "x"], indirect=True)
def test_rows_of_frontals(release):
    table = CheXpert(str(release)).table()
    assert table["image"].tolist() == [
        "train/patient00001/study1/view1_frontal.jpg",
        "train/patient00001/study2/view1_frontal.jpg",
        "train/patient00002/study1/view1_frontal.jpg",
        "valid/patient64541/study1/view1_frontal.jpg",
    ]
    assert table["patient"].tolist() == [
        f"patient{n}" for n in ("00001", "00001", "00002", "64541")
    ]
    assert table["split"].tolist() == ["train_val"] * 3 + ["test"]
    assert table["sex"].tolist() == ["M", "M", "", "M"]
    assert table["view"].tolist() == ["AP", "PA", "", "AP"]
    assert table["study"].iloc[1] == "train/patient00001/study2"


def test_views(release):
    table = CheXpert(str(release), views="both").table()
    assert table["view"].tolist() == ["AP", "PA", "lateral", "", "LL", "RL", "AP"]
    lateral = CheXpert(str(release), views="lateral").table()
    assert lateral["view"].tolist() == ["lateral", "LL", "RL"]
    assert lateral["image"].str.contains("lateral").all()
    assert lateral.index.tolist() == [0, 1, 2]
    with pytest.raises(MedsmallError, match="dataset.views cannot be 'laterals'.*'lateral'"):
        CheXpert("x", views="laterals")


@pytest.mark.parametrize(
    ("uncertain", "blank", "edema", "heart"),
    [
        ("zeros", "zeros", [1, 0, 0], [0, 0, 0]),
        ("ones", "zeros", [1, 1, 0], [0, 1, 0]),
        ("ignore", "zeros", [1, np.nan, 0], [0, np.nan, 0]),
        ("zeros", "ignore", [1, 0, np.nan], [0, 0, np.nan]),
        ("ones", "ignore", [1, 1, np.nan], [0, 1, np.nan]),
        ("ignore", "ignore", [1, np.nan, np.nan], [0, np.nan, np.nan]),
        ({"Edema": "ones"}, "zeros", [1, 1, 0], [0, np.nan, 0]),
        ({"Edema": "ones", "default": "zeros"}, "zeros", [1, 1, 0], [0, 0, 0]),
    ],
)
def test_uncertain_and_blank_are_two_things(release, uncertain, blank, edema, heart):
    table = CheXpert(str(release), uncertain=uncertain, blank=blank).table().iloc[:3]
    np.testing.assert_array_equal(table["Edema"], edema)
    np.testing.assert_array_equal(table["Cardiomegaly"], heart)


def test_policies_that_are_wrong():
    with pytest.raises(MedsmallError, match="dataset.uncertain cannot be 'zero'.*'zeros'"):
        CheXpert("x", uncertain="zero")
    with pytest.raises(MedsmallError, match="'Edemma' .did you mean 'Edema'"):
        CheXpert("x", uncertain={"Edemma": "ones"})
    with pytest.raises(MedsmallError, match="dataset.uncertain.Edema cannot be 'one'"):
        CheXpert("x", uncertain={"Edema": "one"})
    with pytest.raises(MedsmallError, match="dataset.blank cannot be 'ones'"):
        CheXpert("x", blank="ones")


def test_targets():
    assert CheXpert("x").targets == COMPETITION
    assert CheXpert("x", targets=["Fracture", "No Finding"]).targets == ["Fracture", "No Finding"]


def test_packed_tables_are_the_plain_ones(release):
    plain = CheXpert(str(release)).table()
    for name in ("train.csv", "valid.csv"):
        path = release / name
        (release / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert CheXpert(str(release)).table().equals(plain)


@pytest.mark.parametrize("name", ["train.csv", "valid.csv"])
def test_an_absent_table_is_named(release, name):
    (release / name).unlink()
    with pytest.raises(MedsmallError, match=f"{name} or {name}.gz"):
        CheXpert(str(release)).table()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row(""), "has no Path in line 8: fill it in"),
        (row("x/train/../../secret.jpg"), "'x/train/../../secret.jpg', which is not a path below"),
        (row("x/train/p1/s1/v1.jpg", view="frontal"), "whether x/train/p1/s1/v1.jpg is Frontal"),
        (row("x/train/p1/s1/v1.jpg", view=""), "column Frontal/Lateral"),
        (row("x/train/p1/s1/v1.jpg", Edema="yes"), "a cell that is not a number"),
    ],
)
def test_bad_rows(release, line, message):
    text = (release / "train.csv").read_text()
    (release / "train.csv").write_text(f"{text}{line}\n")
    with pytest.raises(MedsmallError, match=message):
        CheXpert(str(release)).table()


def test_duplicate_rows(release):
    text = (release / "train.csv").read_text()
    (release / "train.csv").write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(MedsmallError, match=r"1 images more than once, such as .*view1_frontal"):
        CheXpert(str(release)).table()


def test_a_foreign_path_and_column(release):
    text = (release / "train.csv").read_text()
    (release / "train.csv").write_text(text + row("patient1.jpg") + "\n")
    with pytest.raises(MedsmallError, match="'patient1.jpg', unlike the release"):
        CheXpert(str(release)).table()
    (release / "train.csv").write_text(text.replace("Pleural Effusion", "Effusion"))
    with pytest.raises(MedsmallError, match="no column 'Pleural Effusion'"):
        CheXpert(str(release)).table()


def test_real_counts_against_an_independent_reading(real_data):
    root = real_data / "tables" / "CheXpert-v1.0-small"
    counts = {view: {label: Counter() for label in LABELS} for view in ("Frontal", "Lateral")}
    rows = Counter()
    for part in ("train", "valid"):
        with gzip.open(root / f"{part}.csv.gz", "rt", newline="") as file:
            lines = csv.reader(file)
            header = next(lines)
            alike = Counter((line[3], *line[5:]) for line in lines)  # far fewer than lines
        rows[part] = alike.total()
        for (view, *cells), number in alike.items():
            rows[f"{part} frontal"] += number * (view == "Frontal")
            for label, cell in zip(header[5:], cells, strict=True):
                counts[view][label][cell] += number
    assert rows == {"train": 223_414, "valid": 234, "train frontal": 191_027, "valid frontal": 202}

    frontal = CheXpert(str(root), uncertain="ignore", blank="ignore").table()
    lateral = CheXpert(str(root), uncertain="ignore", views="lateral").table()
    both = pd.concat([frontal, lateral])
    assert len(both) == 223_414 + 234
    for label in LABELS:
        front, side = counts["Frontal"][label], counts["Lateral"][label]
        assert (frontal[label] == 1).sum() == front["1.0"]
        assert (frontal[label] == 0).sum() == front["0.0"]
        assert frontal[label].isna().sum() == front["-1.0"] + front[""]
        assert (lateral[label] == 1).sum() == side["1.0"]
        assert (lateral[label] == 0).sum() == side["0.0"] + side[""]
        assert lateral[label].isna().sum() == side["-1.0"]
    assert frontal["split"].value_counts().to_dict() == {"train_val": 191_027, "test": 202}
    assert lateral["split"].value_counts().to_dict() == {"train_val": 32_387, "test": 32}
    assert set(lateral["view"]) == {"lateral"}
    views = {"AP": 161_759, "PA": 29_453, "lateral": 32_419, "LL": 16, "RL": 1}
    assert both["view"].value_counts().to_dict() == views
    assert both[both["split"] == "train_val"]["patient"].nunique() == 64_540
    assert (both["sex"] == "").sum() == 1


def test_phantom_has_the_quirks(phantoms):
    root = phantoms[CheXpert]
    with open(root / "train.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    cells = Counter(line[label] for line in lines for label in COMPETITION)
    assert min(cells[value] for value in ("1.0", "0.0", "-1.0", "")) > 0
    assert {line["Sex"] for line in lines} == {"Male", "Female", "Unknown"}
    assert {line["AP/PA"] for line in lines if line["Frontal/Lateral"] == "Lateral"} == {""}
    assert max(Counter(line["Path"].rpartition("/")[0] for line in lines).values()) > 1
    everything = CheXpert(str(root), views="both")
    assert (everything.table()["view"] == "lateral").any()
    assert not absent_files(everything, everything.table()["image"]).any()
    assert everything.files.read(CheXpert(str(root)).table()["image"].iloc[0]).shape == (128, 156)


def test_the_phantoms_valid_labels_are_complete(phantoms):
    table = CheXpert(str(phantoms[CheXpert]), uncertain="ignore", blank="ignore").table()
    assert table[table["split"] == "test"][LABELS].notna().all(axis=None)
