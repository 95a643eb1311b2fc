"""One network of a bundle: squares in, predictions out."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsmall.errors import MedsmallError

AT_ONCE = 16  # images; more at once take longer each


class Network:
    """An ONNX graph that onnxruntime computes on the processor.

    Args:
        content: of its file; it takes ``images``, uint8 (B, 3, H, W), and gives float32 (B, K).
        channels: of what it was trained with, 1 or 3.
    """

    def __init__(self, content: bytes, channels: int) -> None:
        try:
            from onnxruntime import InferenceSession, SessionOptions
        except ImportError:
            raise MedsmallError(
                "A bundle is computed by onnxruntime, which is not installed: pip install "
                "onnxruntime."
            ) from None
        options = SessionOptions()
        options.log_severity_level = 3
        # onnxruntime counts the cores of the machine, also where a container may use fewer
        options.intra_op_num_threads = cores()
        self.channels = channels
        try:
            self._session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # it has a class for each code of its C interface
            raise MedsmallError(
                f"onnxruntime cannot load the network ({type(error).__name__}): update onnxruntime."
            ) from error

    def __call__(self, squares: Sequence[np.ndarray]) -> NDArray[np.float64]:
        """Predictions (N, K) for uint8 squares (S, S, C), C 1 or 3."""
        parts = []
        for start in range(0, len(squares), AT_ONCE):
            images = np.stack([self._three(one) for one in squares[start : start + AT_ONCE]])
            parts.append(self._session.run(None, {"images": images})[0])
        found: NDArray[np.float64] = np.concatenate(parts).astype(np.float64)
        return found

    def _three(self, image: np.ndarray) -> np.ndarray:
        """uint8 (S, S, C) as (3, S, S)."""
        if self.channels == 1:
            image = image[..., :1]  # colours that differ by less than what is refused
        return np.broadcast_to(image, (*image.shape[:2], 3)).transpose(2, 0, 1)


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
