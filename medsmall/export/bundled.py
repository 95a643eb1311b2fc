"""The parts of a bundle, put together from recorded runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf

from medsmall.answer.facts import Facts
from medsmall.audit.provenance import as_text
from medsmall.audit.seen import seen_by_run
from medsmall.augmentation import Augmentation
from medsmall.bundle.bundle import CONTENT, SCHEMA
from medsmall.bundle.network import Network
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.export import int8 as small
from medsmall.export.card import card
from medsmall.export.code import code
from medsmall.export.images import Images, made_up
from medsmall.export.network import BATCHES, as_onnx, crop_of, difference
from medsmall.export.one_view import OneView, scored_images
from medsmall.export.origin import config_of, trained_on, weights
from medsmall.export.scores import tested
from medsmall.model import Model
from medsmall.predict.facts import facts_of, targets_of_record, with_sets
from medsmall.predict.scoring import head_of, scorer_of
from medsmall.record import Record

Stated = float | dict[str, float] | None


@dataclass(frozen=True, eq=False)
class Member:
    """One run, exported.

    Attributes:
        judged: its record, with the scores of what is exported.
        facts: what answers need.
        network: the ONNX file.
        about: of it, for bundle.json.
    """

    judged: Record
    facts: Facts
    network: bytes
    about: dict[str, Any]


def member(
    record: Record, method: str, prevalence: Stated, sets: float | None, int8: bool
) -> Member:
    """A finished run, its network checked against PyTorch; see `medsmall.predict.facts`.

    MedsmallError for a run that is no network with its head, and where images are needed that are
    not here.
    """
    targets = targets_of_record(record)
    if head_of(record, targets) is not None:
        raise MedsmallError(
            f"The run {record.key} (learner={_choice(record, 'learner')}) predicts by something "
            "beside its network, and a bundle holds a network alone: export a run of a learner "
            "that ends in it, such as learner=probe."
        )
    record.check(record.model.name)
    model, crop = Model.load(record.model), crop_of(record)
    side, channels = int(record.config["image_size_px"]), int(record.metrics.get("channels") or 3)
    is_final, views = "final" in record.metrics, 1 + tta_views(record)
    images = _images(record, views, int8)
    network = as_onnx(model, side, crop)
    computed = Network(network, channels)
    names = _names(record)
    squares = images.squares(names[: max(BATCHES)]) if images else made_up(side, max(BATCHES))
    scorer = scorer_of(record, targets, torch.device("cpu"), plain=True)
    apart = difference(computed, scorer, squares, model.scale.numpy().ravel())
    judged = record
    if images and views > 1 and not is_final:
        judged = OneView(record, targets, computed, images)
    cost = None
    if int8:
        assert images is not None
        network = small.quantised(network, images.squares(names))
        fewer = Network(network, channels)
        before = judged
        if not is_final:
            before = OneView(record, targets, computed, images)
            judged = OneView(record, targets, fewer, images)
        shown = images.squares(names)
        cost = small.cost(before, judged, computed(shown), fewer(shown), len(network))
    about = {
        "channels": channels,
        "run": record.key,
        "backbone": model.architecture,
        "parameters": sum(one.numel() for one in model.module.parameters()),
        "side": side,
        "crop": crop,
        "views": views,
        "rescored": judged is not record,
        "difference": float(f"{apart:.1e}"),
        "checked_on": "images" if images else "noise",
        "int8": cost,
        "trained_on": trained_on(record),
        "weights": weights(record),
    }
    facts = facts_of(judged, method, prevalence)
    if sets is not None:
        facts = with_sets(facts, judged, sets)
    return Member(judged, facts, network, about)


def files_of(members: Sequence[Member]) -> dict[str, bytes]:
    """The files of a bundle by name, without their checksums; the same members, the same bytes."""
    first = members[0]
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "medsmall": version("medsmall"),
        "name": first.facts.name,
        "members": [
            {"network": f"network_{k}.onnx", **one.about, "facts": one.facts.as_json()}
            for k, one in enumerate(members)
        ],
        "test": tested([one.judged for one in members]),
    }
    found = {f"network_{k}.onnx": one.network for k, one in enumerate(members)}
    seen = [json.loads(as_text(seen_by_run(one.judged))) for one in members]
    return {
        **found,
        **code(),
        CONTENT: as_json(content),
        "config.json": as_json([config_of(one.judged) for one in members]),
        "seen.json": as_json(seen),
        "MODEL_CARD.md": card(content, [one.facts for one in members]).encode(),
    }


def as_json(content: Any) -> bytes:
    """Indented, without NaN, in a fixed order."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def tta_views(record: Record) -> int:
    """How many augmented views the test of a run averages beside the plain one."""
    cfg = OmegaConf.create(literal(record.config))
    return int(made(cfg.augmentation, Augmentation).tta_views)


def _names(record: Record) -> list[str]:
    """The images to check a network on: those of validation, of a final model those it has."""
    draw = record.draw
    part = "train" if "final" in record.metrics else "val"
    names = draw.loc[draw["part"] == part, "image"].unique()
    few = np.unique(np.linspace(0, len(names) - 1, small.MOST).astype(int))
    return [str(name) for name in names[few]]


def _images(record: Record, views: int, int8: bool) -> Images | None:
    """Those of validation and test; None where they are not here and not needed.

    A run of the plain view alone can be exported where its data set is not.
    """
    is_final = "final" in record.metrics
    rescored = views > 1 and not is_final
    wanted = scored_images(record) if rescored or (int8 and not is_final) else _names(record)
    try:
        return Images(record, wanted)
    except MedsmallError as error:
        if rescored:
            raise MedsmallError(
                f"The run {record.key} was tested on {views} views of each image, and a bundle "
                f"shows one: to choose its thresholds again its images have to be here. {error}"
            ) from error
        if int8:
            raise MedsmallError(
                f"int8=true measures on images of the run {record.key} what it costs, so they have "
                f"to be here. {error}"
            ) from error
        return None


def _choice(record: Record, group: str) -> str:
    return str(record.config.get("choices", {}).get(group, "?"))
