"""Statements on pixels, network, initial weights, and how a model was fitted."""

import json
import re
from typing import Any

from medsmall.errors import MedsmallError
from medsmall.report.manuscript.facts import Facts, listed, span, to_fill_in
from medsmall.report.manuscript.phrases import PHRASES, brackets, kind, phrase, settings
from medsmall.report.paths import without_paths
from medsmall.report.run import Run
from medsmall.task import Task

RESIZED = {
    "squash": "without keeping the aspect ratio",
    "pad": "keeping the aspect ratio, the rest filled with black",
    "crop": "after cropping to the centre square",
}
NORMS = {
    "frozen": "batch normalisation kept the statistics of the initial weights",
    "adapting": "batch normalisation followed the batches in the layers that were trained",
    "reestimated": "batch normalisation took its statistics from the training images",
}
PRECISIONS = {"32-true": "32 bits", "16-mixed": "16 bits, mixed", "bf16-mixed": "bfloat16, mixed"}
CHOSEN = {
    "val_loss": "the epoch with the lowest loss on the tuning part was kept",
    "val_auroc": "the epoch with the highest mean AUROC on the tuning part was kept",
    "val_mae": "the epoch with the lowest mean absolute error on the tuning part was kept",
    "last": "the last epoch was kept",
}


def is_trained(run: Run) -> bool:
    """Whether its network is trained, as against a head on features."""
    return bool(run.config.get("strategy._target_"))


def pixels(facts: Facts) -> str:
    """Size and grey levels of what the model sees."""
    return facts.each("The size of images", _pixels)


def _pixels(run: Run) -> str:
    side, how = run.config.get("image_size_px"), str(run.config.get("resize", "squash"))
    if side is None:
        return ""
    said = f"images were read as 8-bit grey levels or RGB and resized to {side} × {side} pixels "
    said += RESIZED.get(how, to_fill_in("how they were resized"))
    if run.config.get("backbone._target_"):
        said += "; pixel values were normalised with a mean and standard deviation per channel"
        if run.config.get("backbone.samplewise"):
            said += ", after each image had been centred and scaled by its own"
    return said


def network(facts: Facts) -> str:
    """The architecture and its outputs."""
    return facts.each("The network", _network)


def _network(run: Run) -> str:
    if not run.config.get("backbone._target_"):
        return ""
    given = settings(run, "backbone")
    name = without_paths(str(given.pop("name", None) or run.config.get("backbone")))
    given = {k: v for k, v in given.items() if not k.startswith("hub.")}
    groups = given.pop("groups", None)
    if isinstance(groups, int):
        given["groups of layers"] = groups
    said = f"the network was {name} (name in the timm library){brackets(given)}"
    if not is_trained(run):
        return f"{said}, without its last layer"
    outputs = len(run.names)
    return (
        f"{said}, whose last layer was replaced by one with {outputs} output{'s' * (outputs > 1)}"
    )


def weights(facts: Facts) -> str:
    """The source of the initial weights, its licence and address."""
    said = facts.each("Initial weights", _weights)
    allowed = sum(bool(run.metrics.get("audit")) for run in facts.runs)
    if allowed:
        what = "which findings of the audit were accepted, and why"
        said += f" {allowed:,} of {len(facts.runs):,} runs went on in spite of {to_fill_in(what)}."
    return said


def _weights(run: Run) -> str:
    if not run.config.get("pretraining._target_") or not run.config.get("backbone._target_"):
        return ""
    name = kind(run, "pretraining")
    told = PHRASES["pretraining"].get(name) or f"weights {to_fill_in('their source')}"
    if name == "NoPretraining":
        return f"initial weights were {told}"
    if name == "Upstream":
        return f"initial weights were {_upstream(run)}"
    known = run.metrics.get("provenance") or {}
    if name == "WeightsFile":
        told += f" {to_fill_in('what they were trained on, by whom')}"
    licence = known.get("licence")
    if not licence or licence == "unknown":
        licence = to_fill_in("not known to the records")
    about = [f"licence: {licence}"]
    about += [str(known["url"])] if known.get("url") else []
    about += [f"SHA-256 {str(known['sha256'])[:12]}"] if known.get("sha256") else []
    return f"initial weights were {told} ({', '.join(about)})"


def _upstream(run: Run) -> str:
    """What the upstream of a run was trained on, by its own record, if it is still there."""
    try:
        of = run.record.upstream
        metrics: dict[str, Any] = of.metrics if of is not None and of.done else {}
    except MedsmallError:
        metrics = {}
    named = re.match(r"the (\S+) upstream", str(run.metrics.get("pretraining", "")))
    data = metrics.get("dataset") or (named and named[1])
    if not data:
        return f"those of a network trained on {to_fill_in('another data set')} first"
    images = f" ({metrics['n_train']:,} training images)" if "n_train" in metrics else ""
    start = str(metrics.get("pretraining", ""))
    origin = f", which had started from {start.partition(' (')[0]}" if start else ""
    return f"those of a network trained on {data}{images} first{origin}"


def fitting(facts: Facts) -> str:
    """The training, or the head that is fitted in its place."""
    said = facts.each(
        "Fitting", lambda run: _layers(run) if is_trained(run) else _head(run, facts.people)
    )
    return " ".join(one for one in (said, facts.each("Optimisation", _optimised)) if one)


def _layers(run: Run) -> str:
    """Which layers train, when, at which rate."""
    config = run.config
    if kind(run, "strategy") == "GradualUnfreezing" and config.get("strategy.random_body"):
        rate = config.get("strategy.lr") or to_fill_in("rate")
        said = f"all layers were trained from the first step at a learning rate of {rate}"
    else:
        said = phrase(run, "strategy", thaw_at=_thawing(config.get("strategy.thaw_at")))
    norm = NORMS.get(str(config.get("strategy.norm")))
    return f"{said}; {norm}" if norm else said


def _optimised(run: Run) -> str:
    """The optimiser, the schedule, and how long."""
    if not is_trained(run):
        return ""
    config = run.config
    decay = config.get("strategy.weight_decay") or 0
    how = phrase(run, "schedule") if config.get("schedule._target_") else to_fill_in("schedule")
    epochs, batch = (
        config.get(key) or to_fill_in("how many") for key in ("trainer.max_epochs", "batch_size")
    )
    more = {
        key: config.get(f"trainer.{key}")
        for key in ("precision", "gradient_clip_val", "accumulate_grad_batches")
    }
    if more["accumulate_grad_batches"] == 1:
        more["accumulate_grad_batches"] = None
    more["precision"] = PRECISIONS.get(str(more["precision"]), more["precision"])
    return (
        f"the optimiser was AdamW (weight decay {decay:g}) with {how}, for {epochs} epochs with "
        f"batches of {batch} images"
    ) + brackets({key: value for key, value in more.items() if value is not None})


def _thawing(at: Any) -> str:
    if isinstance(at, int | float):
        return f"after each {at:.3g}"
    return f"after {listed(json.loads(str(at)))}" if at else ""


def _head(run: Run, people: str) -> str:
    numbers = run.metrics.get("task") == Task.REGRESSION
    said = phrase(run, "learner", model="ridge" if numbers else "logistic")
    if kind(run, "learner") == "Prior":
        return f"there was {said}"
    said += f", fitted to {phrase(run, 'features')} of the training images"
    if "learner.inverse_penalty" in run.config and run.config["learner.inverse_penalty"] is None:
        said += "; its penalty was chosen by cross-validation among them" + (
            "" if people == "images" else f", the images of each of the {people} kept together"
        )
    return f"the model was {said}"


def loss(facts: Facts) -> str:
    """What a training minimises."""
    return facts.each("The loss", _loss)


def _loss(run: Run) -> str:
    if not is_trained(run) or not run.config.get("loss._target_"):
        return ""
    if kind(run, "loss") == "RegressionLoss":
        absolute = run.config.get("loss.power") == 1
        said = f"the {'absolute' if absolute else 'squared'} error of standardised labels"
    else:
        said = phrase(run, "loss")
    if run.config.get("objective._target_") and kind(run, "objective") != "Supervised":
        said += f", with {phrase(run, 'objective')}"
    return f"the loss was {said}"


def imbalance(facts: Facts) -> str:
    """What is done about rare classes: samplers, weights."""
    return facts.each("Class imbalance", _imbalance)


def _imbalance(run: Run) -> str:
    if run.metrics.get("task") == Task.REGRESSION:
        return ""
    said = []
    if kind(run, "sampler") not in ("", "NoSampler"):
        said.append(phrase(run, "sampler"))
    if is_trained(run) and run.config.get("loss.weighted"):
        said.append("the loss weighted classes by their number of training labels")
    if kind(run, "sample_size") == "Balanced":
        said.append("training images were drawn by class")
    return " and ".join(said) or "nothing was done about class imbalance in training"


def selection(facts: Facts) -> str:
    """Which epoch is kept."""
    said = facts.each("Model selection", _selected)
    chosen = [run for run in facts.runs if is_trained(run) and "chosen_epoch" in run.metrics]
    if chosen:
        kept = span([int(run.metrics["chosen_epoch"]) for run in chosen])
        said += f" Epochs that were kept, over the runs: {kept}."
    return said


def _selected(run: Run) -> str:
    if not is_trained(run):
        return "no epoch was chosen, as the model was fitted at once"
    by = run.metrics.get("select_by") or run.config.get("select_by")
    return CHOSEN.get(str(by), f"the epoch was chosen by {by or to_fill_in('what')}")
