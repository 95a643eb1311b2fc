"""The row of the history of a learner without epochs."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:  # seconds to import
    from medsmall.batches.drawn import DrawnImages
    from medsmall.model import Model


def one_row(
    model: "Model",
    data: "DrawnImages",
    predict: Callable[[str], np.ndarray],
    facts: Sequence[dict[str, float]],
) -> pd.DataFrame:
    """``epoch`` 1, ``train_loss``, ``val_loss``, on val the headline metric, and the `facts`.

    Args:
        model: for the meaning of labels.
        data: the images.
        predict: predictions (N, K) for the plain views of a part, as in training.
        facts: of each head, such as its penalty: columns ``<fact>``, or ``<fact>_<target>`` if each
            target has a head of its own.
    """
    scale = model.scale.double().cpu().numpy()
    row: dict[str, float | None] = {"epoch": 1}
    for part in ("train", "val"):
        y = data.parts[part].labels.double().numpy()
        values = model.targets.validation(y, predict(part), scale)
        row[f"{part}_loss"] = values["loss"]
        if part == "val":
            row[f"val_{model.targets.headline}"] = values[model.targets.headline]
    for k, one in enumerate(facts):
        after = f"_{model.targets.names[k]}" if len(facts) > 1 else ""
        row |= {f"{fact}{after}": value for fact, value in one.items()}
    return pd.DataFrame([row])
