"""The gate in a training: images of the test part that were seen stop the run."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_run import HERNIA

from medsmall.case import Case
from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.pixels import open_images
from medsmall.resolve import resolve


@pytest.fixture(scope="module")
def small(outputs) -> Case:
    """HERNIA, resolved."""
    return resolve(compose([*HERNIA, f"output_root={outputs}"]))


@pytest.fixture
def films(small, tmp_path) -> tuple[Path, pd.DataFrame]:
    """A copy of the small chest phantom, and the draw of a run on it."""
    shutil.copytree(small.dataset.files.root, tmp_path / "films")
    return tmp_path / "films", small.draw


def first(draw: pd.DataFrame, part: str) -> str:
    return draw.loc[draw["part"] == part, "image"].iloc[0]


def on(films: Path) -> list[str]:
    return [*(o for o in HERNIA if o != "phantom=true"), f"dataset.root={films}"]


def test_a_test_image_that_stands_in_train_stops_the_run(films, train_small, tmp_path, capsys):
    """Unless that is allowed: then it is said again of the recorded run."""
    root, draw = films
    shutil.copy(root / first(draw, "test"), root / first(draw, "train"))
    runs = tmp_path / "out"
    with pytest.raises(MedsmallError, match=r"1 test image.*are also in train.*allow=.identical"):
        train_small(base=on(root), output_root=runs)
    assert not list(runs.glob("runs/[!.]*"))
    allowed = train_small("audit.allow=[identical_images]", base=on(root), output_root=runs)
    assert (allowed / "DONE").is_file()
    capsys.readouterr()
    assert train_small(base=on(root), output_root=runs) == allowed
    said = capsys.readouterr().err
    assert "recorded already" in said
    assert "1 test image(s) are also in train" in said


def test_an_upstream_that_saw_a_test_image_under_another_name_stops_the_run(
    films, train_small, outputs, tmp_path
):
    """The image lies in class folders now, with another file name and another patient."""
    root, draw = films
    classes = tmp_path / "folder"
    for part in ("train", "val", "test"):
        for name, positive in (("normal", 0), ("hernia", 1)):
            (classes / part / name).mkdir(parents=True)
            rows = draw[(draw["part"] == "train") & (draw["Hernia"] == positive)]
            for image in rows["image"].iloc[{"train": slice(0, 3)}.get(part, slice(3, 4))]:
                shutil.copy(root / image, classes / part / name / f"{part}-{Path(image).name}")
    shutil.copy(root / first(draw, "test"), classes / "train" / "normal" / "another.png")
    upstream = [f"dataset.root={classes}", "dataset=folder", "sample_size=all", "split=official"]
    small = [o for o in on(root) if not o.startswith(("dataset", "sample_size"))]
    made = train_small(base=[*upstream, *small, "audit.allow=[identical_images]"])
    target = [*on(root), "pretraining=file", f"pretraining.path={made / 'model.safetensors'}"]
    target.remove("pretraining=none")
    with pytest.raises(MedsmallError, match=r"the initial weights have seen.*another\.png"):
        train_small(base=target)
    allowed = train_small("audit.allow=[upstream_overlap]", base=target)
    assert json.loads((allowed / "metrics.json").read_text())["upstream"].endswith(made.name)
    config = compose([*target, f"output_root={outputs}"])
    config.pretraining.allow_test_overlap = True
    (notice,) = open_images(resolve(config))[1]
    assert "the initial weights have seen" in notice


def test_an_image_that_was_mended_makes_another_run(films, tmp_path):
    root, draw = films
    config = compose([*on(root), f"output_root={tmp_path / 'out'}"])
    one = resolve(config).key
    image = draw.loc[draw["part"] == "train", "image"].iloc[5]
    Image.fromarray(255 - np.asarray(Image.open(root / image).convert("L"))).save(root / image)
    assert resolve(config).key != one
