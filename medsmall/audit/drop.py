"""Leaves copies of images out of a data set (audit.drop): one of each group is kept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from medsmall.audit.identical import identical_images
from medsmall.audit.near import near_duplicates
from medsmall.audit.readable import readable
from medsmall.dataset import Dataset
from medsmall.split import Split

WINS = ("test", "val", "train")  # the image in the first of these parts is kept


@dataclass(frozen=True)
class Kept:
    """A sample table without copies, and its split: that of the whole table.

    `dropped` counts what was left out: check -> part -> images; `notices` say so.
    """

    table: pd.DataFrame
    part: pd.Series
    published_test: bool
    dropped: dict[str, dict[str, int]]
    notices: list[str]

    def assign(self, table: pd.DataFrame, targets: list[str]) -> pd.Series:
        """The part of every row that was kept."""
        return self.part


def decided_by(config: dict[str, Any]) -> dict[str, Any]:
    """The keys of a resolved config that decide which images are left out; empty if none are."""
    if not config["audit"]["drop"]:
        return {}
    keys = ("split", "image_size_px", "resize", "cache_root")
    return {"drop": sorted(config["audit"]["drop"]), **{key: config[key] for key in keys}}


def without_copies(cfg: DictConfig, split: Split, dataset: Dataset, table: pd.DataFrame) -> Kept:
    """`table` with one image of each group of copies: one in test, else in val, then by name.

    Identical images are copies; with "near_duplicates" in audit.drop near duplicates are copies
    too. Unreadable images stay in the table: a run that draws one stops and names it. Decodes all
    images that the cache lacks.
    """
    table = table.assign(part=split.assign(table, dataset.targets))
    prepared, rows = readable(cfg, dataset, table, {})
    _, same = identical_images(dataset, prepared, rows)
    steps = {"identical_images": same}
    if "near_duplicates" in cfg.audit.drop:
        _, alike, _ = near_duplicates(prepared, rows, same)
        steps["near_duplicates"] = np.concatenate([same, alike])
    rank = rows["part"].map(WINS.index)
    order = rows.assign(rank=rank).sort_values(["rank", "image"]).index
    gone: dict[str, pd.DataFrame] = {}
    left = pd.Series(True, index=rows.index)
    for check, pairs in steps.items():
        group = _groups(pairs, len(rows))
        again = group.loc[order].duplicated().sort_index()
        gone[check] = rows[again & left]
        left &= ~again
    dropped = {check: _per_part(copies) for check, copies in gone.items() if len(copies)}
    images = set(pd.concat([copies["image"] for copies in gone.values()]))
    kept = table[~table["image"].isin(images)].reset_index(drop=True)
    notices = _told(dataset, dropped, _conflicts(rows[dataset.targets], group)) if dropped else []
    part = kept.pop("part")
    return Kept(kept, part, split.published_test, dropped, notices)


def _groups(pairs: np.ndarray, count: int) -> pd.Series:
    """A number for each of `count` rows, equal for those that `pairs` (int64 (P, 2)) connect."""
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return pd.Series(connected_components(graph, directed=False)[1])


def _per_part(copies: pd.DataFrame) -> dict[str, int]:
    counts = copies["part"].value_counts()
    return {part: int(counts[part]) for part in reversed(WINS) if part in counts}


def _conflicts(labels: pd.DataFrame, group: pd.Series) -> int:
    """How many groups hold images with different known labels."""
    return int((labels.groupby(group).nunique() > 1).any(axis=1).sum())


def _told(dataset: Dataset, dropped: dict[str, dict[str, int]], conflicts: int) -> list[str]:
    told = [
        f"{check} {', '.join(f'{count:,} {part}' for part, count in parts.items())}"
        for check, parts in dropped.items()
    ]
    differ = (
        f" In {conflicts:,} group{'s' * (conflicts > 1)} the copies have different labels; the "
        "label of the kept image counts (python -m medsmall.audit lists them)."
        if conflicts
        else ""
    )
    count = sum(sum(parts.values()) for parts in dropped.values())
    copies = f"{count:,} {'copy' if count == 1 else 'copies'}"
    return [f"{dataset.name}: audit.drop leaves out {copies} ({'; '.join(told)}).{differ}"]
