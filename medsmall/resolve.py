"""Identifies a run: its images, its initial weights, its key. Nothing is trained.

Heavy imports are inside the functions, so a mistyped key is answered at once.
"""

import functools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from medsmall.auto import auto_groups, choose, sample_size_for, told, with_options
from medsmall.configs import literal
from medsmall.contract import build, made
from medsmall.labelled import TABLE, Labelled, labelled, opened
from medsmall.once import Once
from medsmall.parts import Parts, check_task, first_parts, unused
from medsmall.schema import check, resolved
from medsmall.task import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from medsmall.case import Case, Source
    from medsmall.targets import Targets


@dataclass(frozen=True, eq=False)
class Drawn:
    """The images of a run before their pixels are known.

    Attributes:
        cfg: the composed config, with what was auto chosen.
        config: the same, checked and resolved.
        parts: made from it.
        data: what the draw is taken from.
        draw: see `medsmall.sample_size.SampleSize`.
        notices: what is worth knowing, one sentence each.
        decided_by: what decides `draw` and its pixels, as a key for `Once`.
        columns: of the table that are learnt from beside the labels.
    """

    cfg: DictConfig
    config: dict[str, Any]
    parts: Parts
    data: Labelled
    draw: "pd.DataFrame"
    notices: list[str]
    decided_by: dict[str, Any]
    columns: list[str]


def resolve(cfg: DictConfig, once: Once | None = None, decode: bool = True) -> "Case":
    """The run of `cfg`: its images, its initial weights, its key. Nothing is trained.

    The parts are checked first. Then images missing in the cache are decoded, since the key holds
    their pixels; without `decode` that raises NotPreparedError. Options named auto are chosen here.
    Cases resolved with the same `once` share common work.
    """
    once = once or Once()
    return identified(drawn(cfg, once), once, decode)


def drawn(given: DictConfig, once: Once) -> Drawn:
    """The images of the run `given`, by its table, its split by patient, and its sample size."""
    cfg, said = settle(given, once)
    config = check(cfg)
    parts = first_parts(cfg, once)

    from medsmall.augmentation.safety import check as check_augmentation
    from medsmall.features import Features
    from medsmall.sample_size import notices_of
    from medsmall.targets import targets_of
    from medsmall.terminal import say_once

    dataset, _ = opened(cfg, config, once)
    targets = targets_of(dataset.targets, dataset.task)
    check_task(cfg, parts.loss, parts.sampler, parts.learner, targets)
    data = labelled(cfg, config, parts.split, once)
    shares_of_population(data, config)  # a wrong share is told before any image is decoded
    columns: list[str] = []
    if "features" not in parts.learner.ignores:
        columns = made(cfg.features, Features).columns_of(data.table, dataset.targets)
    draw = parts.sample_size.draw(data.pools)
    for sentence in (without_use := unused(given, parts)):
        say_once(sentence)  # also where the run is recorded
    without_use = without_use + without_threshold(cfg, targets)
    notices = [*said, *without_use, *data.notices, *notices_of(draw, data.pools)]
    augmentation = parts.augmentation
    safety = [config["augmentation"], dataset.modality]
    notices = notices + once(
        "safety", safety, lambda: check_augmentation(augmentation, dataset.modality)
    )
    decided_by = {
        **data.of_pools,
        **{k: config[k] for k in ("sample_size", "cache_root", "image_size_px", "resize")},
    }
    return Drawn(cfg, config, parts, data, draw, notices, decided_by, columns)


def without_threshold(cfg: DictConfig, targets: "Targets") -> list[str]:
    """A sentence, in a list, if a threshold was asked for and the targets have none."""
    if targets.task in (Task.BINARY, Task.MULTILABEL) or cfg.choices.threshold == "youden":
        return []
    return [f"threshold={cfg.choices.threshold} is for findings: without effect here."]


def identified(of: Drawn, once: Once, decode: bool = True) -> "Case":
    """The run of what was drawn, with the hash of its pixels and the identity of its weights."""
    from medsmall.case import Case
    from medsmall.pixels import identify_pixels
    from medsmall.record import Record
    from medsmall.record.key import fingerprint, rows_hash, run_key
    from medsmall.sample_size import drawn_share

    cfg, config, data, draw = of.cfg, of.config, of.data, of.draw
    dataset, table = data.dataset, data.table
    pixels, channels = once(
        "pixels", of.decided_by, lambda: identify_pixels(cfg, dataset, draw, decode)
    )

    source = source_of(of, once, decode)
    identity = {
        "targets": f"{dataset.task}: {json.dumps(list(dataset.targets))}",  # a table may name them
        "table": once("table", data.of_table, lambda: fingerprint(table, dataset.targets)),
        "draw": once("draw", of.decided_by, lambda: rows_hash(draw)),
        "pixels": pixels,
        "weights": source.fingerprint,
    }
    if of.columns:
        identity["metadata"] = rows_hash(table[["image", *of.columns]].sort_values("image"))
    ignores = of.parts.ignores
    record = Record.of(cfg.output_root, run_key(config, ignores, identity))
    return Case(
        cfg, config, dataset, table, draw, channels, of.parts.augmentation, source, record,
        (*of.notices, *source.notices), data.dropped, identity, drawn_share(draw, data.pools),
        shares_of_population(data, config), of.parts.sampler,
    )  # fmt: skip


def shares_of_population(data: Labelled, config: dict[str, Any]) -> "np.ndarray":
    """Of each target: what `prevalence` says, else those of the train part."""
    from medsmall.targets.population import population

    names, pools = data.pools.targets, data.pools
    return population(names, pools.task, pools.train[names].to_numpy(float), config["prevalence"])


def source_of(of: Drawn, once: Once, decode: bool = True) -> "Source":
    """The initial weights of what was drawn; an upstream is a case itself."""
    from medsmall.pretraining import LeavesOut, asked
    from medsmall.pretraining.none import NoPretraining

    ignores, pretraining = of.parts.ignores, of.parts.pretraining
    if "pretraining" in ignores:
        nothing = NoPretraining().source(of.cfg, functools.partial(resolve, once=once))
        return replace(nothing, name="no network")
    # an upstream on the data set of the run is one for each test part, any other is one for all
    without = pretraining.leaves_out(of.config) if isinstance(pretraining, LeavesOut) else []
    asking = asked(of.config, without)
    return once(
        "source",
        [asking, of.config["pretraining"], sorted(ignores)],
        lambda: pretraining.source(
            OmegaConf.create(literal(asking)), functools.partial(resolve, once=once, decode=decode)
        ),
        keep=16,
    )


def settle(cfg: DictConfig, once: Once) -> tuple[DictConfig, list[str]]:
    """`cfg` with what is auto chosen by its data, and what was chosen as a sentence in a list."""
    groups = auto_groups(cfg)
    if not groups:
        return cfg, told(cfg, {})

    def chosen_now() -> dict[str, list[str]]:
        config = check(cfg)
        first_parts(cfg, once)
        dataset, table = opened(cfg, config, once)
        chosen = choose(cfg, dataset, table, groups)
        if "sample_size" in groups:  # of what is left without copies
            divided = with_options(cfg, {group: option for group, (option, _) in chosen.items()})
            pools = labelled(divided, check(divided), build(divided.split), once).pools
            chosen["sample_size"] = sample_size_for(cfg.sample_size, pools)
        return {group: chosen[group] for group in groups}

    keys = {*TABLE, "split", "audit", "image_size_px", "resize", *groups}
    asked = [resolved(cfg, keys), [cfg.choices[group] for group in groups]]
    chosen = once("auto", asked, chosen_now)
    settled = with_options(cfg, {group: option for group, (option, _) in chosen.items()})
    return settled, told(cfg, chosen)
