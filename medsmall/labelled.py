"""The labelled images of a run: opened, without the copies that audit.drop names, and divided.

An upstream on the data set of the run that it serves leaves out patients of that run first: all of
its test part, or all of its draw (`pretraining.apart`). They are known by name, since the parts of
the two runs may be stratified by different labels.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from medsmall.configs import literal
from medsmall.contract import build
from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.once import Once

if TYPE_CHECKING:
    import pandas as pd

    from medsmall.dataset import Dataset
    from medsmall.sample_size import Pools
    from medsmall.split import Split

TABLE = ("dataset", "phantom", "output_root", "without")  # the keys that decide the sample table
FEWEST = 3  # patients that make three parts


@dataclass(frozen=True)
class Labelled:
    """What a draw is taken from.

    Attributes:
        dataset, table: the data set and its rows, without patients and copies that were left out.
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
    """The data set and its sample table, of all patients but those of the draws `without`.

    `config` is `cfg`, checked and resolved.
    """
    dataset, table, _ = _opened(cfg, config, once)
    return dataset, table


def _opened(
    cfg: DictConfig, config: dict[str, Any], once: Once
) -> "tuple[Dataset, pd.DataFrame, list[str]]":
    """The same, with a sentence in a list if patients are left out."""
    from medsmall.dataset.opening import open_table

    of_table = {key: config[key] for key in TABLE}
    whole = of_table | {"without": []}
    dataset, table = once("data", whole, lambda: open_table(cfg), keep=4)
    if not config["without"]:
        return dataset, table, []
    left, notices = once(
        "left", of_table, lambda: _left(dataset, table, config["without"], once), keep=4
    )
    return dataset, left, notices


def _left(
    dataset: "Dataset", table: "pd.DataFrame", without: list[dict[str, Any]], once: Once
) -> "tuple[pd.DataFrame, list[str]]":
    """The rows of the patients that none of the draws of this data set holds, and a sentence."""
    away: set[str] = set()
    for one in without:
        unfilled = {*TABLE, "apart", "split", "audit"} - one.keys()
        unmade = {k for k in ("dataset", "split") if "_target_" not in (one.get(k) or ())}
        if unfilled | unmade:
            raise MedsmallError(
                f"An entry of without lacks {', '.join(sorted(unfilled | unmade))}: leave "
                "without=[]; it is filled in for an upstream on the data set of its run."
            )
        draw = OmegaConf.create(literal(one))
        if build(draw.dataset).name == dataset.name:
            away |= _patients(draw, one, once)
    left = table[~table["patient"].isin(away)]
    count, before = left["patient"].nunique(), table["patient"].nunique()
    if count < FEWEST:
        raise AbsentWeightsError(
            f"The upstream on {dataset.name} has {count} of {before:,} patients left without those "
            "of the run that starts from it: set pretraining.apart=test, a smaller sample_size or "
            "test part of the run, or another pretraining."
        )
    notice = (
        f"{dataset.name}: the {before - count:,} patients ({len(table) - len(left):,} images) of "
        "the run that starts from here are left out."
    )
    return left.reset_index(drop=True), [notice] if count < before else []


def _patients(cfg: DictConfig, config: dict[str, Any], once: Once) -> set[str]:
    """Those of the test part or the draw of a run, and those of whom it left out copies.

    A copy that was left out may be one of a test image, whoever it is said to be of.
    """
    _, table = opened(cfg, config, once)
    data = labelled(cfg, config, build(cfg.split), once)
    draw = data.pools.test
    if config["apart"] == "all":
        draw = build(cfg.sample_size).draw(data.pools)
    copies = table.loc[~table["image"].isin(data.table["image"]), "patient"]
    return {*draw["patient"], *copies}


def labelled(cfg: DictConfig, config: dict[str, Any], split: "Split", once: Once) -> Labelled:
    """The labelled images of the run `cfg`, divided by its `split`."""
    from medsmall.audit.drop import decided_by, without_copies

    dataset, table, left_out = _opened(cfg, config, once)
    of_table = {key: config[key] for key in TABLE}
    dropped, notices, splitter = None, [], split
    if copies := decided_by(config):
        of_table |= copies
        kept = once("kept", of_table, lambda: without_copies(cfg, split, dataset, table), keep=4)
        splitter, table, dropped, notices = kept, kept.table, kept.dropped, kept.notices
    of_pools = {**of_table, "split": config["split"]}
    pools, more = once("pools", of_pools, lambda: _divided(splitter, dataset, table), keep=4)
    told = [*left_out, *notices, *more]
    return Labelled(dataset, table, pools, dropped, told, of_table, of_pools)


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
