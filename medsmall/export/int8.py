"""A network in whole numbers of 8 bits: a quarter of the size, and what that costs."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from medsmall.errors import MedsmallError
from medsmall.export.network import NEEDED, without_traces
from medsmall.predict.facts import targets_of_record
from medsmall.record import Record

MOST = 128  # images that the ranges are measured on
AT_ONCE = 8
DEAR = 0.01  # lost of the headline metric, of errors this share
MANY = 0.02  # of the test images: called otherwise


def quantised(network: bytes, squares: Sequence[np.ndarray]) -> bytes:
    """The ONNX `network` with weights and layers in int8.

    Ranges are measured on uint8 `squares` (S, S, C), of which up to MOST are taken, evenly spread:
    those of validation. One scale for each output channel of a weight.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MedsmallError(f"{error.name} is not installed: {NEEDED}.") from None
    some = np.unique(np.linspace(0, len(squares) - 1, MOST).astype(int))
    with _silence(), tempfile.TemporaryDirectory() as folder:
        whole, ready, small = (Path(folder, f"{name}.onnx") for name in ("f", "r", "i"))
        whole.write_bytes(network)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            _Shown([squares[k] for k in some]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # of 7 bits: processors without VNNI would overflow with 8
            reduce_range=True,
        )
        return without_traces(onnx.load(small))


@contextmanager
def _silence() -> Iterator[None]:
    """Without its recommendation to do what was done."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


class _Shown:
    """What onnxruntime asks for images: batches, then None."""

    def __init__(self, squares: Sequence[np.ndarray]) -> None:
        self._batches = self._made(squares)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch."""
        return next(self._batches, None)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Of the interface; not needed for so few."""

    @staticmethod
    def _made(squares: Sequence[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(squares), AT_ONCE):
            images = [
                np.broadcast_to(one, (*one.shape[:2], 3)).transpose(2, 0, 1)
                for one in squares[start : start + AT_ONCE]
            ]
            yield {"images": np.ascontiguousarray(np.stack(images))}


def cost(
    before: Record, after: Record, whole: np.ndarray, small: np.ndarray, size: int
) -> dict[str, Any]:
    """What int8 changes, ready for JSON.

    `before` and `after` are the record as each network scores it, and the smaller file has `size`
    bytes. The change of predictions is that of the test images: those of validation set the ranges.
    A final model has no test: there `whole` and `small` (N, K) are what both predict for the same
    images.
    """
    targets = targets_of_record(before)
    if "final" not in before.metrics:
        columns = [f"{targets.prefix}_{name}" for name in targets.names]
        whole, small = (one.predictions[columns].to_numpy(float) for one in (before, after))
    apart = np.abs(whole - small)
    found: dict[str, Any] = {
        "bytes": size,
        "images": len(apart),
        "largest_change": round(float(apart.max()), 6),
        "mean_change": round(float(apart.mean()), 6),
    }
    if "final" in before.metrics:
        return found
    each = [one.metrics["test"]["mean"].get(targets.headline) for one in (before, after)]
    called = [_calls(one) for one in (before, after)]
    return {
        **found,
        "metric": targets.headline,
        "rises": targets.rises,
        "before": each[0],
        "after": each[1],
        "tested": len(before.predictions),
        "changed_calls": None if called[0] is None else int((called[0] != called[1]).sum()),
    }


def is_dear(cost: dict[str, Any]) -> bool:
    """Whether int8 costs so much that it should be said."""
    if (cost.get("changed_calls") or 0) > MANY * cost.get("tested", 0):
        return True
    if cost.get("before") is None or cost.get("after") is None:
        return False
    lost = (cost["before"] - cost["after"]) * (1 if cost["rises"] else -1)
    return bool(lost > DEAR * (1 if cost["rises"] else abs(cost["before"])))


def _calls(record: Record) -> np.ndarray | None:
    """What is called of each test image."""
    table = record.predictions
    return table["predicted"].to_numpy() if "predicted" in table else None
