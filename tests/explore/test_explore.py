"""The command, from a config to a page."""

import shutil

import pytest

pytest.importorskip("matplotlib")

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.explore.__main__ import explore, main


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    output = tmp_path_factory.mktemp("output")

    def look(*overrides):
        return explore(compose([*overrides, "image_size_px=64", f"output_root={output}"]))

    return look


PHANTOM = ["dataset=mura", "phantom=true", "dataset.phantom_patients=12"]


def test_the_page_of_a_phantom_says_that_it_is_one(page_of):
    page = page_of(*PHANTOM)
    assert page.parts[-3:] == ("explore", "mura-phantom", "index.html")
    text = page.read_text(encoding="utf-8")
    for words in (
        "generated (phantom=true)",
        "Images by body part",
        "“bone_safe”",
        "rotate -20",
        "research only",
    ):
        assert words in text
    assert 'class="warning"' in text
    assert page.with_name("by_01_body_part.png").exists()
    assert page.with_name("augmentation_01_horizontalflip.png").exists()
    assert len(text) < 5_000_000


def test_an_unreadable_image_is_listed_and_ends_nothing(page_of, tmp_path):
    source = next((page_of(*PHANTOM).parents[2] / "phantoms").glob("mura-*"))
    shutil.copytree(source, tmp_path / "MURA-v1.1")
    broken = next((tmp_path / "MURA-v1.1" / "train").rglob("*.png"))
    broken.write_bytes(b"no picture")
    page = page_of("dataset=mura", f"data_root={tmp_path}", "augmentation=none")
    text = page.read_text(encoding="utf-8")
    assert "Unreadable images" in text
    assert broken.name in page.with_name("unreadable.csv").read_text()
    assert "This augmentation changes nothing" in text


def test_tables_alone_give_a_page_and_a_part_of_the_images_needs_a_word(page_of, tmp_path):
    source = next((page_of(*PHANTOM).parents[2] / "phantoms").glob("mura-*"))
    root = tmp_path / "MURA-v1.1"
    root.mkdir()
    for file in source.glob("*.csv"):
        shutil.copy(file, root)
    text = page_of("dataset=mura", f"data_root={tmp_path}").read_text(encoding="utf-8")
    assert "listed images is there" in text
    assert "Contact sheets" not in text

    shutil.copytree(source / "valid", root / "valid")
    with pytest.raises(MedsmallError, match="missing_images=drop"):
        page_of("dataset=mura", f"data_root={tmp_path}")
    page = page_of(
        "dataset=mura", f"data_root={tmp_path}", "dataset.missing_images=drop", "augmentation=none"
    )
    text = page.read_text(encoding="utf-8")
    assert "listed images are absent" in text
    assert page.with_name("targets_listed.csv").exists()


def test_the_last_lines_say_where_the_page_is_and_what_comes_next(tmp_path, monkeypatch, capsys):
    arguments = [*PHANTOM, "image_size_px=64", "augmentation=none", f"output_root={tmp_path}"]
    monkeypatch.setattr("sys.argv", ["explore", *arguments])
    main()
    *_, page, following = capsys.readouterr().out.splitlines()
    assert str(tmp_path / "explore" / "mura-phantom" / "index.html") in page
    assert following.startswith("Next: python -m medsmall.train dataset=mura phantom=true")


def test_an_unsafe_augmentation_is_warned_of(page_of):
    page = page_of(
        "dataset=pneumoniamnist",
        "phantom=true",
        "dataset.phantom_patients=20",
        "augmentation=paper",
    )
    assert "HorizontalFlip mirrors the image, which is unsafe" in page.read_text(encoding="utf-8")


def test_an_augmentation_that_does_not_fit_is_one_sentence(page_of):
    with pytest.raises(MedsmallError, match="augmentation=paper cannot take"):
        page_of(*PHANTOM, "augmentation=paper", "augmentation.image_size_px=200")


def test_the_real_chest_films(page_of, real_data):
    page = page_of(
        "dataset=chestxray14", f"data_root={real_data}", "dataset.missing_images=drop",
        "dataset.targets=[Pneumonia,Edema]", "augmentation=none",
    )  # fmt: skip
    text = page.read_text(encoding="utf-8")
    assert "All figures are about the 290 that are there" in text
    assert "Unreadable" not in text
