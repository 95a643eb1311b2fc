import csv
import gzip
from collections import Counter

import pytest
from PIL import Image

from medsmall.dataset.files import present_only
from medsmall.dataset.mura import Mura
from medsmall.errors import MedsmallError
from medsmall.split import Stratified
from medsmall.task import Task

STUDIES = {
    "train/XR_ELBOW/patient00001/study1_positive": 2,
    "train/XR_HAND/patient00001/study1_negative": 1,
    "valid/XR_WRIST/patient11185/study1_positive": 1,
}


@pytest.fixture
def release(tmp_path, request):
    name = getattr(request, "param", "MURA-v1.1")
    for part in ("train", "valid"):
        studies = [study for study in STUDIES if study.startswith(part)]
        labels = [f"{name}/{s}/,{int('positive' in s)}" for s in studies]
        films = [
            f"{name}/{study}/image{i + 1}.png" for study in studies for i in range(STUDIES[study])
        ]
        (tmp_path / f"{part}_labeled_studies.csv").write_text("\n".join(labels) + "\n")
        (tmp_path / f"{part}_image_paths.csv").write_text("\n".join(films) + "\n")
    return tmp_path


@pytest.mark.parametrize("release", ["MURA-v1.1", "elsewhere"], indirect=True)
def test_rows(release):
    table = Mura(str(release)).table()
    assert table["study"].tolist() == [s for s, films in STUDIES.items() for _ in range(films)]
    assert table["image"].tolist()[:2] == [f"{next(iter(STUDIES))}/image{i}.png" for i in (1, 2)]
    assert table["abnormal"].tolist() == [1, 1, 0, 1]
    assert table["body_part"].tolist() == ["ELBOW", "ELBOW", "HAND", "WRIST"]
    assert table["split"].tolist() == ["train_val"] * 3 + ["test"]
    # One patient under two body parts is one patient.
    assert table["patient"].tolist() == ["patient00001"] * 3 + ["patient11185"]


def test_body_part_and_finding_as_exclusive_classes(release):
    data = Mura(str(release), classes="part_finding")
    assert data.task is Task.MULTICLASS
    assert len(data.targets) == 14
    assert data.targets[:3] == ["ELBOW_normal", "ELBOW_abnormal", "FINGER_normal"]
    table = data.table()
    assert (table[data.targets].sum(axis=1) == 1).all()
    classes = table[data.targets].idxmax(axis=1)
    assert classes.tolist() == ["ELBOW_abnormal"] * 2 + ["HAND_normal", "WRIST_abnormal"]
    assert "abnormal" not in table

    some = Mura(str(release), ["HAND_normal", "ELBOW_abnormal"], classes="part_finding")
    table = some.table()
    assert table["HAND_normal"].tolist()[:3] == [0, 0, 1]
    assert table.loc[3, some.targets].isna().all()  # a wrist is none of them
    one = Mura(str(release), ["HAND_normal"], classes="part_finding")
    assert one.task is Task.BINARY
    assert one.table()["HAND_normal"].tolist() == [0, 0, 1, 0]


def test_films_of_some_body_parts(release):
    data = Mura(str(release), body_parts=["HAND", "WRIST"])
    table = data.table()
    assert table["body_part"].tolist() == ["HAND", "WRIST"]
    assert table["abnormal"].tolist() == [0, 1]
    assert table.index.tolist() == [0, 1]
    both = Mura(str(release), classes="part_finding", body_parts=["WRIST", "HAND"])
    assert both.targets == ["WRIST_normal", "WRIST_abnormal", "HAND_normal", "HAND_abnormal"]
    assert both.table()[both.targets].sum().tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"body_parts": ["ELBOWS"]}, "mura has no body part 'ELBOWS' .did you mean 'ELBOW'"),
        ({"body_parts": []}, "dataset.body_parts is empty: name some of ELBOW, FINGER"),
        ({"body_parts": "HAND"}, r"write dataset.body_parts=\[HAND\]"),
        ({"body_parts": ["HAND", "HAND"]}, "dataset.body_parts names HAND more than once"),
        ({"classes": "part_findings"}, "dataset.classes cannot be .* 'part_finding'"),
        ({"targets": ["HAND_normal"]}, "mura has no target 'HAND_normal'"),
        (
            {"classes": "part_finding", "body_parts": ["HAND"], "targets": ["WRIST_normal"]},
            "mura has no target 'WRIST_normal'",
        ),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(MedsmallError, match=message):
        Mura("x", **options)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x/train/../../../home/image1.png", "not a path below the data set's root"),
        ("/etc/train/XR_ELBOW/patient00001/study1_positive/image1.png", "not a path below"),
        ("x/train/XR_ELBOW/patient00001/study1_positive/image1.png", "1 images more than once"),
        ("x/train/XR_ELBOV/patient00009/study1_positive/image1.png", "'ELBOV'.*mean 'ELBOW'"),
    ],
)
def test_bad_films(release, line, message):
    path = release / "train_image_paths.csv"
    name = path.read_text().partition("/")[0]
    path.write_text(path.read_text() + line.replace("x/", f"{name}/") + "\n")
    labels = release / "train_labeled_studies.csv"
    labels.write_text(
        labels.read_text() + f"{name}/train/XR_ELBOV/patient00009/study1_positive/,1\n"
    )
    with pytest.raises(MedsmallError, match=message):
        Mura(str(release)).table()


def test_packed_tables_are_the_plain_ones(release):
    plain = Mura(str(release)).table()
    for path in list(release.glob("*.csv")):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert Mura(str(release)).table().equals(plain)


@pytest.mark.parametrize("above", [True, False])
def test_it_is_found_one_level_off(release, above, capfd):
    plain = Mura(str(release)).table()
    named, holder = release / "MURA-v1.1", release
    if not above:
        holder = named / "MURA-v1.1"
        holder.mkdir(parents=True)
        for path in release.glob("*.csv"):
            path.rename(holder / path.name)
    data = Mura(str(named))
    assert data.table().equals(plain)
    assert data.files.root == holder
    assert f"reading {holder} instead" in capfd.readouterr().err


def test_absent_films_are_counted_by_part_of_the_split_and_of_the_body(release):
    data = Mura(str(release))
    table = data.table()
    for image in table["image"][:1].tolist() + table["image"][2:].tolist():
        (release / image).parent.mkdir(parents=True)
        (release / image).touch()
    counted = r"absent under .* \(train_val 1 of 3; ELBOW 1 of 2\), first: train/XR_ELBOW"
    with pytest.raises(MedsmallError, match=counted):
        present_only(data, table)


@pytest.mark.parametrize("kind", ["image_paths", "labeled_studies"])
@pytest.mark.parametrize("part", ["train", "valid"])
def test_each_needed_table_is_named(release, part, kind):
    (release / f"{part}_{kind}.csv").unlink()
    with pytest.raises(MedsmallError, match=f"{part}_{kind}.csv"):
        Mura(str(release)).table()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x/train/XR_ELBOW/patient00001/study1_positive/,2", "label '2', not 0 or 1"),
        ("x/train/patient00001/study1_positive/,1", "unlike the release"),
        ("x/train/XR_ELBOW/patient00001/study1_positive/", "2 full column"),
        ("x/train/XR_ELBOW/patient00002/study1_positive/,1", "3 images of .* without a label"),
    ],
)
def test_bad_labels(release, line, message):
    (release / "train_labeled_studies.csv").write_text(line + "\n")
    with pytest.raises(MedsmallError, match=message):
        Mura(str(release)).table()


def test_real_counts(real_data):
    root = real_data / "tables" / "MURA-v1.1"
    table = Mura(str(root)).table()
    parts = table.groupby("split")
    assert parts.size().to_dict() == {"train_val": 36_808, "test": 3_197}
    assert parts["study"].nunique().to_dict() == {"train_val": 13_457, "test": 1_199}
    train = table[table["split"] == "train_val"]
    assert (train.groupby("patient")["body_part"].nunique() > 1).sum() == 1_467
    assert (table.groupby("study")["abnormal"].nunique() == 1).all()
    positive = 0
    for part in ("train", "valid"):
        with gzip.open(root / f"{part}_labeled_studies.csv.gz", "rt", newline="") as file:
            positive += sum(int(row[1]) for row in csv.reader(file))
    assert table.drop_duplicates("study")["abnormal"].sum() == positive


def test_real_counts_by_body_part(real_data):
    """Films per class against the folder names in the list, and the patients' several parts."""
    root = real_data / "tables" / "MURA-v1.1"
    counts = Counter()
    for part in ("train", "valid"):
        with gzip.open(root / f"{part}_image_paths.csv.gz", "rt") as file:
            for line in file:
                _, _, body_part, _, study, _ = line.split("/")
                finding = "abnormal" if study.endswith("positive") else "normal"
                counts[f"{body_part.removeprefix('XR_')}_{finding}"] += 1
    data = Mura(str(root), classes="part_finding")
    table = data.table()
    assert table[data.targets].sum().to_dict() == counts
    assert counts["ELBOW_normal"] == 2_925 + 235
    assert counts["HUMERUS_abnormal"] == 599 + 140
    hands = Mura(str(root), body_parts=["HAND"]).table()
    assert hands.groupby("split").size().to_dict() == {"train_val": 5_543, "test": 460}
    assert hands["abnormal"].sum() == counts["HAND_abnormal"]

    split = Stratified().assign(table, data.targets)
    assert (split.groupby(table["patient"]).nunique() == 1).all()
    relative = table[data.targets].groupby(split).mean() / table[data.targets].mean() - 1
    assert relative.abs().max(axis=None) < 0.05


def test_phantom_has_the_quirks(phantoms):
    root = phantoms[Mura]
    table = Mura(str(root)).table()
    assert (table.groupby("patient")["body_part"].nunique() > 1).any()
    films = [Image.open(root / image) for image in table["image"]]
    assert {film.mode for film in films} == {"L", "RGB"}
    assert len({film.size for film in films}) > 10
    lines = (root / "train_labeled_studies.csv").read_text().splitlines()
    assert all(line[:-1].endswith("/,") for line in lines)
    assert table["study"].str.contains("positive").astype(float).equals(table["abnormal"])
    assert table.groupby("study").size().max() > 1
