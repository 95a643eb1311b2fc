"""The network of a run as ONNX: grey levels in, predictions out; checked against PyTorch."""

import logging
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from medsmall.augmentation import Augmentation
from medsmall.backbone.folding import folded
from medsmall.bundle.network import Network
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.model import Model
from medsmall.record import Record

OPSET = 18  # the lowest that torch writes as it is
LARGEST = 1e-4  # difference from PyTorch, of probabilities, or of numbers in standard deviations
BATCHES = (1, 3, 16)
NEEDED = "an export needs the extra: pip install 'medsmall[export]'"


class Deployed(nn.Module):
    """A `model` with all that comes before and after its network.

    Args:
        model: in eval mode.
        crop: edge in px of the centre that the network is shown; None: all of the image.
    """

    mean: Tensor
    std: Tensor
    offset: Tensor
    scale: Tensor

    def __init__(self, model: Model, crop: int | None) -> None:
        super().__init__()
        self.module, self.activate, self.crop = model.module, model.targets.activate, crop
        for name in ("mean", "std", "offset", "scale"):
            self.register_buffer(name, getattr(model, name))

    def forward(self, images: Tensor) -> Tensor:
        """Predictions float32 (B, K) of uint8 (B, 3, H, W)."""
        if self.crop:
            start = (images.shape[2] - self.crop) // 2
            end = start + self.crop
            images = images[:, :, start:end, start:end]
        x = (images.float() / 255 - self.mean) / self.std
        predictions: Tensor = self.activate(self.module(x)) * self.scale + self.offset
        return predictions


def as_onnx(model: Model, side: int, crop: int | None) -> bytes:
    """The file of an ONNX graph for images of `side` px; the batch may have any size.

    Nothing in it tells where it was made. MedsmallError for a network that torch cannot follow.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MedsmallError(f"{error.name} is not installed: {NEEDED}.") from None
    network = Deployed(folded(model), crop).eval().to(memory_format=torch.contiguous_format)
    images = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (images,),
                dynamo=True,
                dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
                input_names=["images"],
                output_names=["predictions"],
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:  # whatever a network does that ONNX has no word for
        raise MedsmallError(
            f"The network {model.architecture} cannot be written as ONNX ({type(error).__name__}): "
            "export a run of another backbone."
        ) from error
    assert program is not None
    return without_traces(program.model_proto)


def without_traces(proto: "object") -> bytes:
    """An ONNX model as bytes, without the places in source files that its nodes come from."""
    graph = proto.graph  # type: ignore[attr-defined]
    parts = [proto, graph, *graph.node, *graph.input, *graph.output]
    parts += [*graph.value_info, *graph.initializer]
    for part in parts:
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
        part.doc_string = ""
    content: bytes = proto.SerializeToString(deterministic=True)  # type: ignore[attr-defined]
    return content


def crop_of(record: Record) -> int | None:
    """Edge in px of the centre that the plain view of a run shows; None: it shows all.

    MedsmallError where the plain view is anything else, which a bundle cannot do.
    """
    cfg = OmegaConf.create(literal(record.config))
    pipeline, side = made(cfg.augmentation, Augmentation).plain(), int(cfg.image_size_px)
    channels = int(record.metrics.get("channels") or 3)
    crops = set()
    for seed in range(3):
        shape = (side, side, channels)
        image = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        shown = pipeline(image=image)["image"]
        edge = len(shown)
        start = (side - edge) // 2
        centre = image[start : start + edge, start : start + edge]
        crops.add(edge if shown.shape == centre.shape and (shown == centre).all() else -1)
    if len(crops) > 1 or -1 in crops:
        raise MedsmallError(
            f"The plain view of augmentation={cfg.choices.augmentation} is neither the whole image "
            "nor its centre, and a bundle shows nothing else: leave augmentation.plain empty."
        )
    (edge,) = crops
    return edge if edge < side else None


def difference(
    network: Network, torch_scores: Callable[[Sequence[np.ndarray]], np.ndarray],
    squares: Sequence[np.ndarray], scale: np.ndarray,
) -> float:  # fmt: skip
    """The largest difference of ONNX from PyTorch for `squares`, in batches of several sizes.

    It is given in units of `scale` (K,). MedsmallError if it is above LARGEST.
    """
    found = 0.0
    for size in BATCHES:
        some = [squares[k % len(squares)] for k in range(size)]
        apart = np.abs(network(some) - torch_scores(some)) / scale
        found = max(found, float(apart.max())) if np.isfinite(apart).all() else np.inf
    if found > LARGEST:
        raise MedsmallError(
            f"The ONNX network differs from PyTorch by {found:.1e}, more than {LARGEST:.0e}: it is "
            "not exported. Update torch and onnxruntime, or export a run of another backbone."
        )
    return found
