"""The command, from a config to a page."""

import contextlib
import io
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


@pytest.fixture(scope="module")
def commanded(tmp_path_factory):
    """The page of a phantom as the command writes it, and what the command says."""
    root, said = tmp_path_factory.mktemp("commanded"), io.StringIO()
    arguments = [*PHANTOM, "image_size_px=64", f"output_root={root}"]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr("sys.argv", ["explore", *arguments])
        main()
    return root / "explore" / "mura-phantom" / "index.html", said.getvalue()


@pytest.fixture(scope="module")
def release(commanded):
    """The phantom's files."""
    return next((commanded[0].parents[2] / "phantoms").glob("mura-*"))


def test_the_page_of_a_phantom_says_that_it_is_one(commanded):
    page, _ = commanded
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
    assert page.with_name("by_01_body_part.png").read_bytes().startswith(b"\x89PNG")
    assert page.with_name("augmentation_01_horizontalflip.png").exists()
    assert len(text) < 5_000_000


def test_the_last_lines_say_where_the_page_is_and_what_comes_next(commanded):
    path, said = commanded
    *_, page, following = said.splitlines()
    assert str(path) in page
    assert following.startswith("Next: python -m medsmall.train dataset=mura phantom=true")


def test_tables_alone_give_a_page(page_of, release, tmp_path, undrawn):
    root = tmp_path / "MURA-v1.1"
    root.mkdir()
    for file in release.glob("*.csv"):
        shutil.copy(file, root)
    text = page_of("dataset=mura", f"data_root={tmp_path}").read_text(encoding="utf-8")
    assert "listed images is there" in text
    assert "Contact sheets" not in text


def test_absent_images_need_a_word_and_unreadable_ones_end_nothing(
    page_of, release, tmp_path, undrawn
):
    root = tmp_path / "MURA-v1.1"
    shutil.copytree(release, root, ignore=lambda folder, names: {"train"} & {*names})
    broken = next(root.rglob("*.png"))
    broken.write_bytes(b"no picture")
    some = ["dataset=mura", f"data_root={tmp_path}", "augmentation=none"]
    with pytest.raises(MedsmallError, match="missing_images=drop"):
        page_of(*some)
    page = page_of(*some, "dataset.missing_images=drop")
    text = page.read_text(encoding="utf-8")
    assert "listed images are absent" in text
    assert page.with_name("targets_listed.csv").exists()
    assert "Unreadable images" in text
    assert broken.name in page.with_name("unreadable.csv").read_text()
    assert "This augmentation changes nothing" in text


def test_an_unsafe_augmentation_is_warned_of(page_of, undrawn):
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


def test_the_real_chest_films(page_of, real_data, unpainted):
    page = page_of(
        "dataset=chestxray14", f"data_root={real_data}", "dataset.missing_images=drop",
        "dataset.targets=[Pneumonia,Edema]", "augmentation=none",
    )  # fmt: skip
    text = page.read_text(encoding="utf-8")
    assert "All figures are about the 290 that are there" in text
    assert "Unreadable" not in text
