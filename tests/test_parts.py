import pytest
from PIL import Image

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.once import Once
from medsmall.parts import first_parts


def test_a_loss_of_another_task_is_told_as_soon_as_the_classes_are_there(tmp_path):
    """Cells of a sweep share what they know, but not that the first one knew nothing."""
    cfg = compose(
        ["dataset=folder", f"dataset.root={tmp_path}/films", "backbone=tiny", "pretraining=none",
         "augmentation=none", "split=stratified", "sample_size=natural", "loss=mae",
         f"cache_root={tmp_path}", f"output_root={tmp_path}"]
    )  # fmt: skip
    once = Once()
    first_parts(cfg, once)  # the folder is missing, which is told later
    for name in ("nevus", "melanoma"):
        (tmp_path / "films" / name).mkdir(parents=True)
        Image.new("L", (32, 32)).save(tmp_path / "films" / name / "1.png")
    with pytest.raises(MedsmallError, match="RegressionLoss is not for a binary task"):
        first_parts(cfg, once)
