"""A plain small CNN, as in tutorials on malaria cells and chest films; for timm to make.

Four blocks of a 3 x 3 convolution, BatchNorm, ReLU and a maximum over 2 x 2, then the mean over
the image, dropout and a linear layer: 0.24 M parameters. It has no pretrained weights.
"""

from typing import Any, ClassVar

import torch
from timm.models import register_model
from torch import Tensor, nn

NAME = "small_cnn"
WIDTHS = (32, 64, 128, 128)
DROPOUT = 0.5  # before the last layer


class SmallCNN(nn.Module):
    """See above; the interface is that of timm's networks."""

    default_cfg: ClassVar[dict[str, Any]] = {"mean": (0.5,) * 3, "std": (0.5,) * 3}

    def __init__(self, num_classes: int, drop_rate: float) -> None:
        super().__init__()
        self.num_features = WIDTHS[-1]
        self.drop_rate = drop_rate
        self.blocks = nn.Sequential()
        for number, (before, width) in enumerate(zip((3, *WIDTHS), WIDTHS, strict=False)):
            self.blocks.add_module(
                str(number),
                nn.Sequential(
                    nn.Conv2d(before, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(inplace=True),
                    nn.MaxPool2d(2),
                ),
            )
        self.head_drop = nn.Dropout(drop_rate)
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 128, H / 16, W / 16)."""
        found: Tensor = self.blocks(x)
        return found

    def forward_head(self, x: Tensor) -> Tensor:
        """Its mean over the image, and the last layer."""
        found: Tensor = self.fc(self.head_drop(x.mean((2, 3))))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, K)."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        return self.fc

    def reset_classifier(self, num_classes: int) -> None:
        """Another last layer; 0: none."""
        self.num_classes = num_classes
        width = self.num_features
        self.fc = nn.Linear(width, num_classes) if num_classes else nn.Identity()

    @torch.jit.ignore
    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """A block is a layer, and a stage."""
        return {"blocks": r"^blocks\.(\d+)"}


@register_model
def small_cnn(pretrained: bool = False, **options: Any) -> SmallCNN:
    """Made by timm.create_model("small_cnn"); there are no weights to fetch."""
    return SmallCNN(options.get("num_classes", 1000), options.get("drop_rate", DROPOUT))
