"""The command on a phantom: nothing on a clean one, and each planted fault on a copy of it."""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from medsmall.audit.__main__ import audit as audit_of
from medsmall.audit.__main__ import main
from medsmall.configs import compose
from medsmall.dataset.chestxray14 import ChestXray14

TABLE = "Data_Entry_2017_v2020.csv"


@pytest.fixture(scope="session")
def phantom(tmp_path_factory) -> Path:
    """40 patients; no patient's first film is anything but readable, grey and upright."""
    root = tmp_path_factory.mktemp("audit") / "chestxray14"
    ChestXray14(str(root)).write_phantom(root, 40, 0)
    return root


ONE = "dataset.targets=[Hernia]"  # looking for what gives a label away takes most of the time


@pytest.fixture
def audit(monkeypatch, capsys, tmp_path):
    """Run the command on the release at `root`: exit status, findings, summary, stdout."""

    def run(root: Path, *overrides: str) -> tuple[int, pd.DataFrame, dict, str]:
        arguments = ["dataset=chestxray14", f"dataset.root={root}", "image_size_px=128"]
        outputs = f"output_root={tmp_path / 'out'}"
        monkeypatch.setattr(sys, "argv", ["audit", *arguments, outputs, *overrides])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        folder = tmp_path / "out" / "audit" / "chestxray14"
        if not folder.is_dir():
            return ended.value.code, pd.DataFrame(), {}, said.err
        found = pd.read_csv(folder / "findings.csv", keep_default_na=False)
        return ended.value.code, found, json.loads((folder / "summary.json").read_text()), said.out

    return run


@pytest.fixture
def clean(tmp_path, capsys):
    """The same in this process, of one target: whether there is nothing to mend, what is found."""

    def run(root: Path, *overrides: str) -> tuple[bool, pd.DataFrame, dict, str]:
        arguments = ["dataset=chestxray14", f"dataset.root={root}", "image_size_px=128", ONE]
        nothing = audit_of(compose([*arguments, f"output_root={tmp_path / 'out'}", *overrides]))
        folder = tmp_path / "out" / "audit" / "chestxray14"
        found = pd.read_csv(folder / "findings.csv", keep_default_na=False)
        summary = json.loads((folder / "summary.json").read_text())
        return nothing, found, summary, capsys.readouterr().out

    return run


class Release:
    """A copy of the phantom to plant faults in; each takes films that no other fault has."""

    def __init__(self, root: Path) -> None:
        self.root = root
        data = ChestXray14(str(root))
        self.table = data.table()
        counts = self.table["patient"].map(self.table["patient"].value_counts())
        self.single = {
            part: list(self.table["image"][(self.table["split"] == part) & (counts == 1)])
            for part in ("train_val", "test")
        }
        several = self.table[(self.table["split"] == "train_val") & (counts > 1)]
        self.several = several["patient"].iloc[0]
        (entries,) = root.glob("Data_Entry*.csv")
        self.entries = entries

    def take(self, part: str) -> str:
        return self.single[part].pop(0)

    def read(self, image: str) -> np.ndarray:
        return cv2.imread(str(self.root / image), cv2.IMREAD_GRAYSCALE)

    def write(self, image: str, pixels: np.ndarray, compression: int = 1) -> None:
        options = [cv2.IMWRITE_PNG_COMPRESSION, compression]
        assert cv2.imwrite(str(self.root / image), pixels, options)

    def label(self, image: str, findings: str) -> None:
        self._edit(lambda name, cells: [name, findings] if name == Path(image).name else cells[:2])

    def view_by(self, finding: str) -> None:
        """AP exactly where `finding` is positive."""
        lines = self.entries.read_text().splitlines()
        out = [lines[0]]
        for line in lines[1:]:
            cells = line.split(",")
            cells[6] = "AP" if finding in cells[1].split("|") else "PA"
            out.append(",".join(cells))
        self.entries.write_text("\n".join(out) + "\n")

    def _edit(self, first_two) -> None:
        lines = self.entries.read_text().splitlines()
        out = [lines[0]]
        for line in lines[1:]:
            cells = line.split(",")
            out.append(",".join([*first_two(cells[0], cells), *cells[2:]]))
        self.entries.write_text("\n".join(out) + "\n")

    def move_to_test(self, image: str) -> None:
        name = Path(image).name
        for part, change in (("train_val", set.discard), ("test", set.add)):
            names = set((self.root / f"{part}_list.txt").read_text().split())
            change(names, name)
            (self.root / f"{part}_list.txt").write_text("\n".join(sorted(names)) + "\n")


@pytest.fixture
def release(phantom, tmp_path) -> Release:
    return Release(shutil.copytree(phantom, tmp_path / "release"))


def listed(found: pd.DataFrame) -> set[tuple]:
    """(check, severity, images) of each finding."""
    return {
        (row.check, row.severity, frozenset({row.image_a, row.image_b} - {""}))
        for row in found.itertuples()
    }


def test_a_clean_phantom(phantom, audit):
    status, found, summary, out = audit(phantom)
    assert found.empty
    assert status == 0
    assert summary["clean"] is True
    assert summary["found"] == {}
    assert summary["near_duplicates"]["pairs"] > 1000
    assert summary["near_duplicates"]["alarms"] == 0
    assert f"correlation of {summary['near_duplicates']['threshold']:.3f} or more" in out
    assert "findings.csv" in out


def test_each_planted_fault_is_found_and_nothing_else(release, audit):
    train, test = release.take, release.take
    bytes_a, bytes_b = train("train_val"), test("test")
    shutil.copy(release.root / bytes_a, release.root / bytes_b)
    release.label(bytes_a, "Hernia|Mass")
    release.label(bytes_b, "Hernia|Mass")
    pixels_a, pixels_b = train("train_val"), train("train_val")
    release.write(pixels_b, release.read(pixels_a), compression=9)
    assert (release.root / pixels_a).read_bytes() != (release.root / pixels_b).read_bytes()
    release.label(pixels_a, "Mass")
    release.label(pixels_b, "Nodule")
    near_a, near_b = train("train_val"), test("test")
    small = cv2.resize(release.read(near_a), (100, 100), interpolation=cv2.INTER_AREA)
    release.write(near_b, cv2.add(small, 15))
    release.label(near_a, "No Finding")
    release.label(near_b, "No Finding")
    cut = train("train_val")
    (release.root / cut).write_bytes((release.root / cut).read_bytes()[:900])
    flat = train("train_val")
    release.write(flat, np.full((128, 128), 90, np.uint8))
    negative = train("train_val")
    release.write(negative, 255 - release.read(negative))
    release.view_by("Hernia")
    rows = release.table[release.table["patient"] == release.several]
    moved = rows["image"].iloc[-1]
    release.move_to_test(moved)

    status, found, summary, out = audit(release.root)
    assert listed(found) == {
        ("patients_across_splits", "contamination", frozenset({rows["image"].iloc[0], moved})),
        ("identical_images", "contamination", frozenset({bytes_a, bytes_b})),
        ("identical_images", "notice", frozenset({pixels_a, pixels_b})),
        ("near_duplicates", "contamination", frozenset({near_a, near_b})),
        ("conflicting_labels", "fault", frozenset({pixels_a, pixels_b})),
        ("unreadable", "fault", frozenset({cut})),
        ("constant", "fault", frozenset({flat})),
        ("inverted", "fault", frozenset({negative})),
        ("label_equals_metadata", "fault", frozenset()),
    }
    assert len(found) == 9
    assert status == 1
    assert summary["clean"] is False
    by_check = found.set_index("check")["explanation"]
    assert by_check["label_equals_metadata"] == (
        "target Hernia is positive exactly where view is AP"
    )
    assert by_check["conflicting_labels"] == ("identical images, but Mass 1 and 0, Nodule 0 and 1")
    assert {"byte-identical files", "the same pixels"} == set(by_check["identical_images"])
    assert cut in by_check["unreadable"]
    assert list(found["severity"]) == sorted(found["severity"])  # the severest first
    for name in summary["found"]:
        assert f"{name}: " in out


def test_what_is_allowed_does_not_fail(release, clean):
    a, b = release.take("train_val"), release.take("test")
    release.label(a, "Mass")
    release.label(b, "Mass")
    shutil.copy(release.root / a, release.root / b)
    assert not clean(release.root)[0]
    assert not clean(release.root, "audit.allow=[near_duplicates]")[0]
    nothing, found, summary, out = clean(release.root, "audit.allow=[identical_images]")
    assert (nothing, len(found), summary["allowed"]) == (True, 1, ["identical_images"])
    assert "contamination (allowed)" in out


def test_a_check_that_does_not_exist(phantom, audit):
    status, _, _, err = audit(phantom, "audit.allow=[near_duplicate]")
    assert status == 2
    assert "did you mean 'near_duplicates'" in err


def test_another_split_than_the_official_one_mends_a_patient_in_both(release, clean):
    release.move_to_test(
        release.table[release.table["patient"] == release.several]["image"].iloc[0]
    )
    assert not clean(release.root)[0]
    nothing, found, _, _ = clean(release.root, "split=by_patient")
    assert nothing
    assert list(found["severity"]) == ["notice"]
    assert list(found["check"]) == ["patients_across_splits"]


def test_absent_images_are_left_out_where_asked(release, audit, clean):
    (release.root / release.take("train_val")).unlink()
    assert audit(release.root)[0] == 2
    assert clean(release.root, "dataset.missing_images=drop")[0]
