"""The section of the networks: layers, parameters, and how many of them train when."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from medsmall.backbone.summary import layers
from medsmall.page.sections import Section, Table
from medsmall.report.page.arms_drawn import DrawnArms
from medsmall.report.run import Run

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def section(drawn_arms: DrawnArms) -> Section | None:
    """None where no drawn arm has a network."""
    runs = {arm: next(iter(drawn_arms.study.cells[arm, drawn_arms.size].values()))
            for arm in drawn_arms.arms}  # fmt: skip
    found = {drawn_arms.name(arm): network for arm, run in runs.items() if (network := of_run(run))}
    if not found:
        return None
    one = Section("networks", "Networks")
    rows = [row for name, network in found.items() for row in _stages(name, network)]
    one.tables.append(Table("networks", "Parameters, and how many train", pd.DataFrame(rows)))
    together: dict[str, list[str]] = {}
    for name, network in found.items():
        together.setdefault(str(network["layers"]), []).append(name)
    for k, names in enumerate(together.values(), start=1):
        title = "Layers" if len(together) == 1 else f"Layers: {'; '.join(names)}"
        frame = pd.DataFrame(found[names[0]]["layers"], columns=["layer", "parameters"])
        one.tables.append(Table(f"layers_{k}", title, frame, folded=True))
    return one


def of_run(run: Run) -> dict[str, Any] | None:
    """`layers` and `trained` of a run; of a head on frozen features the file's layers alone.

    None without a network.
    """
    if recorded := run.metrics.get("network"):
        return dict(recorded)
    if not run.record.model.is_file():
        return None
    from safetensors import safe_open

    with safe_open(run.record.model, framework="np") as file:
        sizes = {name: int(np.prod(file.get_slice(name).get_shape())) for name in file.keys()}  # noqa: SIM118
    weights = [(name, n) for name, n in sizes.items() if not name.endswith(BUFFERS)]
    return {"layers": layers(weights), "trained": []}


def _stages(name: str, network: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per stage of the training."""
    every = sum(size for _, size in network["layers"])
    for at, trained in network["trained"] or [(None, None)]:
        yield {
            "arm": name,
            "parameters": every,
            "from": "not recorded" if at is None else f"{at:.0%} of the training",
            "train": np.nan if trained is None else trained,
            "share": np.nan if trained is None else trained / every,
        }
