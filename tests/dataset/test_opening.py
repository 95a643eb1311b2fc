import shutil
from pathlib import Path

import pytest
from datasets import made

from medsmall.dataset.opening import phantom_folder, phantom_root
from medsmall.errors import MedsmallError

IDC = made("idc", "nowhere", phantom_patients=10)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An output root with the phantom of IDC."""
    folder = tmp_path_factory.mktemp("written")
    phantom_root(IDC, str(folder))
    return folder


def test_a_phantom_is_written_once(written):
    root = phantom_folder(IDC, str(written))
    files = {file: file.stat().st_mtime_ns for file in root.rglob("*.png")}
    assert len({file.parts[-3] for file in files}) == 10
    assert phantom_root(IDC, str(written)) == root
    assert {file: file.stat().st_mtime_ns for file in root.rglob("*.png")} == files
    assert phantom_folder(made("idc", "nowhere", phantom_patients=11), str(written)) != root


@pytest.mark.parametrize(
    "code", ["dataset/table.py", "dataset/phantoms/table.py", "phantom/shapes.py"]
)
def test_other_code_writes_another_phantom(code, tmp_path, monkeypatch):
    data = made("table", "nowhere", phantom_patients=10)
    root = phantom_root(data, str(tmp_path))
    read_bytes = Path.read_bytes
    changed = {True: b"# changed", False: b""}
    monkeypatch.setattr(
        Path, "read_bytes", lambda file: read_bytes(file) + changed[file.match(f"medsmall/{code}")]
    )
    other = phantom_root(data, str(tmp_path))
    assert other != root
    assert {f.name for f in other.iterdir()} == {f.name for f in root.iterdir()}


def test_a_phantom_has_ten_patients_or_more(tmp_path):
    with pytest.raises(MedsmallError, match="phantom_patients must be at least 10, but is 9"):
        phantom_root(made("idc", "nowhere", phantom_patients=9), str(tmp_path))


@pytest.mark.parametrize("damage", ["gone", "cut", "all"])
def test_a_damaged_phantom_is_to_be_generated_again(written, tmp_path, damage):
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    root = phantom_root(IDC, str(tmp_path))
    files = sorted(root.rglob("*.png"))
    for file in files if damage == "all" else files[:1]:
        file.write_bytes(b"") if damage == "cut" else file.unlink()
    count = len(files) if damage == "all" else 1
    with pytest.raises(
        MedsmallError, match=rf"{count} of its files .*Delete the folder, and it is"
    ):
        phantom_root(IDC, str(tmp_path))
