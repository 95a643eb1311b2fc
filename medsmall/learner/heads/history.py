"""The row of the history of a learner without epochs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medsmall.targets import Targets

if TYPE_CHECKING:  # seconds to import
    from medsmall.batches.drawn import DrawnImages


def one_row(
    targets: Targets,
    scale: np.ndarray,
    data: "DrawnImages",
    predict: Callable[[str], np.ndarray],
    facts: Sequence[dict[str, float]],
) -> pd.DataFrame:
    """``epoch`` 1, ``train_loss``, ``val_loss``, on val the headline metric, and the `facts`.

    Args:
        targets: for the meaning of labels.
        scale: (K,) that numbers are learnt by, see `medsmall.targets`.
        data: the images.
        predict: predictions (N, K) for the plain views of a part, as in training.
        facts: of each head, such as its penalty: columns ``<fact>``, or ``<fact>_<target>`` if each
            target has a head of its own.
    """
    row: dict[str, float | None] = {"epoch": 1}
    for part in ("train", "val"):
        y = data.parts[part].labels.double().numpy()
        values = targets.validation(y, predict(part), scale)
        row[f"{part}_loss"] = values["loss"]
        if part == "val":
            row[f"val_{targets.headline}"] = values[targets.headline]
    for k, one in enumerate(facts):
        after = f"_{targets.names[k]}" if len(facts) > 1 else ""
        row |= {f"{fact}{after}": value for fact, value in one.items()}
    return pd.DataFrame([row])
