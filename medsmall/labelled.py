"""The labelled images of a run: opened, without the copies that audit.drop names, and divided."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from medsmall.once import Once

if TYPE_CHECKING:
    import pandas as pd

    from medsmall.dataset import Dataset
    from medsmall.sample_size import Pools
    from medsmall.split import Split

TABLE = ("dataset", "phantom", "output_root")  # the keys that decide the sample table


@dataclass(frozen=True)
class Labelled:
    """What a draw is taken from.

    Attributes:
        dataset, table: the data set and its rows, without copies that were left out.
        pools: the labelled images of each part.
        dropped: how many copies were left out, by check and part; None if not asked for.
        notices: what is worth knowing, one sentence each.
        of_table, of_pools: what decides `table` and `pools`, as keys for `Once`.
    """

    dataset: "Dataset"
    table: "pd.DataFrame"
    pools: "Pools"
    dropped: dict[str, dict[str, int]] | None
    notices: list[str]
    of_table: dict[str, Any]
    of_pools: dict[str, Any]


def opened(cfg: DictConfig, config: dict[str, Any], once: Once) -> "tuple[Dataset, pd.DataFrame]":
    """The data set and its sample table; `config` is `cfg`, checked and resolved."""
    from medsmall.dataset.opening import open_table

    of_table = {key: config[key] for key in TABLE}
    return once("data", of_table, lambda: open_table(cfg), keep=4)


def labelled(cfg: DictConfig, config: dict[str, Any], split: "Split", once: Once) -> Labelled:
    """The labelled images of the run `cfg`, divided by its `split`."""
    from medsmall.audit.drop import decided_by, without_copies

    dataset, table = opened(cfg, config, once)
    of_table = {key: config[key] for key in TABLE}
    dropped, notices, splitter = None, [], split
    if copies := decided_by(config):
        of_table |= copies
        kept = once("kept", of_table, lambda: without_copies(cfg, split, dataset, table), keep=4)
        splitter, table, dropped, notices = kept, kept.table, kept.dropped, kept.notices
    of_pools = {**of_table, "split": config["split"]}
    pools, more = once("pools", of_pools, lambda: _divided(splitter, dataset, table), keep=4)
    return Labelled(dataset, table, pools, dropped, [*notices, *more], of_table, of_pools)


def _divided(
    splitter: "Split", dataset: "Dataset", table: "pd.DataFrame"
) -> "tuple[Pools, list[str]]":
    """The labelled images of each part of the split, and what is worth knowing of them."""
    from medsmall.record.scores import check_columns
    from medsmall.sample_size import pools_of
    from medsmall.split import check_classes, few_patients
    from medsmall.targets import targets_of

    targets, task = dataset.targets, dataset.task
    check_columns(targets_of(targets, task), dataset.unit)
    split = splitter.assign(table, targets)
    notices = few_patients(table)
    notices += check_classes(table, split, targets, task, splitter.published_test)
    return pools_of(table, split, targets, task), notices
