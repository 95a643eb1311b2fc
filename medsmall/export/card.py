"""The model card of a bundle: for whom, on what, how good, and what it is not."""

from collections.abc import Sequence
from typing import Any

from medsmall.answer.facts import Facts
from medsmall.export.told import UNITS, cost_of, listed, number, score_in_words, table
from medsmall.targets import targets_of
from medsmall.task import Task

RANDOM = "random weights"
RESIZED = {
    "squash": "squeezed to a square (its aspect ratio changes)",
    "pad": "made a square by black borders",
    "crop": "cut to the square in its middle",
}


def card(content: dict[str, Any], members: Sequence[Facts]) -> str:
    """The text of MODEL_CARD.md, of what bundle.json has and of the facts of its members."""
    facts, about = members[0], content["members"]
    parts = [
        f"# {facts.name}",
        _what(facts, about),
        "## Intended use",
        _use(facts, about),
        "## How good it is",
        *_scores(content["test"], facts),
        "## Thresholds and probabilities",
        *_thresholds(facts, members, about),
        "## What it was trained on",
        *_trained_on(about),
        "## How an image is read",
        _reading(facts, about[0]),
        "## The network",
        *_networks(about),
        "## Files",
        FILES,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


FILES = """\
| file | what |
|---|---|
| `__main__.py`, `code/` | the command: `python BUNDLE IMAGE...` |
| `bundle.json` | how images are read, thresholds, calibration, scores, origin |
| `network_*.onnx` | the network: uint8 images (B, 3, H, W) to predictions |
| `config.json` | the options of the training |
| `seen.json` | fingerprints (SHA-256) of the patients and images that it learnt from |
| `SHA256SUMS` | of all files; checked whenever the bundle is loaded |

It needs Python 3.11 or later, `pip install numpy pillow onnxruntime`, and for DICOM
`pip install pydicom`. To load it executes nothing but the code in `code/`.

`seen.json` holds no names. They tell whether a patient is among them. Someone who
knows the number of a patient can find out whether he is among them."""


def _what(facts: Facts, about: Sequence[dict[str, Any]]) -> str:
    names = listed(facts.targets)
    does = {
        Task.BINARY: f"find {names} in", Task.MULTILABEL: f"find {names} in",
        Task.MULTICLASS: f"tell {names} apart in", Task.REGRESSION: f"measure {names} in",
    }[Task(facts.task)]  # fmt: skip
    many = f"{len(about)} networks that, by their mean," if len(about) > 1 else "A network to"
    kind = "images" if facts.reading.modality == "other" else f"images ({facts.reading.modality})"
    made_up = any(run.get("phantom") for one in about for run in one["trained_on"])
    notice = "**It learnt from generated images: its answers mean nothing.**"
    return f"{many} {does} {kind}." + f"\n\n{notice}" * made_up


def _use(facts: Facts, about: Sequence[dict[str, Any]]) -> str:
    dataset = about[0]["trained_on"][0]["dataset"]
    by = "" if facts.unit == "image" else f" Images of one folder are one {facts.unit}."
    return (
        "For research: to study new images of the same kind, from patients and devices like those "
        f"of {dataset}.{by} It is no medical device, nobody has approved it, and it must not "
        "decide about a patient.\n\n"
        "The scores below are of one data set. In another hospital, with another device or other "
        "patients, expect worse, and test it there first. It knows nothing but the findings that "
        "are named here, and it was not tested for subgroups. An answer marked UNFAMILIAR is about "
        "an image that looks unlike those it learnt from: do not use it. This mark does not find "
        "every such image."
    )


def _scores(test: dict[str, Any], facts: Facts) -> list[str]:
    if "before" in test:
        return [*score_in_words(test), (
            "It learnt from all labelled images, so none is left to test it by. The score is that "
            "of the runs before it, which learnt from fewer."
        )]  # fmt: skip
    if "members" in test:
        return [
            "Each network was tested on other images, as in cross-validation; nobody knows the "
            "score of all together.",
            *score_in_words(test),
        ]
    targets = targets_of(facts.targets, Task(facts.task))
    heads = ["", *targets.counts.values(), *targets.headings.values()]
    rows = [
        [name, *(f"{of[count]:,}" for count in targets.counts),
         *(number(of["scores"][metric]) for metric in targets.headings)]
        for name, of in test["targets"].items()
    ]  # fmt: skip
    found = [
        f"Tested once, on {test['units']:,} {UNITS[test['unit']]} of {test['patients']:,} patients "
        "whom it never saw. In brackets: 95% intervals over patients, where a score rests on 10 or "
        "more.",
        table(heads, rows),
    ]
    if targets.overall:
        overall = [number(test["overall"][metric]) for metric in targets.overall]
        found.append(table([*targets.overall.values()], [overall]))
    elif len(facts.targets) > 1:
        found += score_in_words(test)
    return found


def _thresholds(
    facts: Facts, members: Sequence[Facts], about: Sequence[dict[str, Any]]
) -> list[str]:
    found = []
    if facts.thresholds:
        means = []
        for name in facts.thresholds:
            each = [one.thresholds.get(name) for one in members]
            known = [one for one in each if one is not None]
            mean = f"{sum(known) / len(known):.3f}" if len(known) == len(each) else "none"
            means.append([name, mean])
        found += [
            "A finding is called from this probability on. The rule of the training chose it on "
            "validation, or took the share of positives where validation is small.",
            table(["", "threshold"], means),
        ]
    elif facts.task == "multiclass":
        found.append("The most probable class is called.")
    if facts.task == "regression":
        return ["Numbers have neither a threshold nor a calibration."]
    calibration = facts.calibration
    if calibration is None:
        why = f": {facts.uncalibrated}" if facts.uncalibrated else ""
        found.append(f"The probabilities are not calibrated{why}. Do not read .80 as four in five.")
    else:
        intervals = (
            " The interval in brackets is that of the fit alone (95%), not that of the network."
            if calibration.method != "isotonic" else ""
        )  # fmt: skip
        refused = "".join(f" {name} is not: {why}." for name, why in calibration.refused.items())
        found.append(
            f"`calibrated` probabilities were fitted on validation ({calibration.method}), for the "
            "share of positives in the data that it learnt from, or that the export was told: "
            f"where findings are rarer, they are too high.{intervals}{refused}"
        )
    if facts.alpha is not None:
        found.append(
            f"Sets hold the true class in at least {1 - facts.alpha:.0%} of new patients like "
            "those of the test (split conformal prediction): over all of them, not for each class."
        )
    if about[0]["rescored"]:
        found.append(
            "All numbers here are of this bundle: its thresholds, calibration and scores were "
            "computed with the network in it."
        )
    elif about[0]["views"] > 1:
        found.append(
            f"Thresholds and calibration were fitted to the mean of {about[0]['views']} views of "
            "an image, and the bundle shows one: its probabilities scatter a little more."
        )
    return found


def _trained_on(about: Sequence[dict[str, Any]]) -> list[str]:
    rows, cited = [], {}
    for one in about:
        for k, run in enumerate(one["trained_on"]):
            if "images" not in run:
                rows.append([run["dataset"], "", "", "", "", run["run"]])
                continue
            name = f"{run['dataset']}{' (generated)' * run['phantom']}{' (first)' * (k > 0)}"
            licence = run["licence"] or "not stated"
            numbers = [f"{run[what]:,}" for what in ("patients", "images", "labels")]
            rows.append([name, *numbers, licence, run["run"]])
            if run["citation"]:
                cited[run["dataset"]] = f"{run['citation']} {run['url']}".strip()
    first = about[0]["weights"]
    begun = "The network began with random weights."
    if first["name"] != RANDOM:
        where = f" ({first['url']})" if first.get("url") else ""
        begun = (
            f"The network began with the weights `{first['name']}`{where}, licence: "
            f"{first.get('licence', 'not stated')}."
        )
    heads = ["data set", "patients", "images", "labelled", "licence", "run"]
    return [
        table(heads, list(dict.fromkeys(map(tuple, rows)))),
        "Patients and images are those of training and validation; a run marked (first) is where "
        "the later one began." if any(len(one["trained_on"]) > 1 for one in about)
        else "Patients and images are those of training and validation.",
        begun + " What these licences forbid is forbidden for this model, too.",
        "\n".join(f"- {name}: {text}" for name, text in cited.items()),
    ]  # fmt: skip


def _reading(facts: Facts, about: dict[str, Any]) -> str:
    reading = facts.reading
    depth = (
        "" if reading.span is None
        else f" In 16-bit images {reading.span[0]:g} is black and {reading.span[1]:g} white."
    )  # fmt: skip
    colour = " Colours become grey." * (reading.grey is True and reading.channels != 1)
    centre = f" The network sees the {about['crop']} px in the middle." if about["crop"] else ""
    only = {
        1: " Colour images are refused: it learnt from grey ones.",
        3: " Grey images are refused: it learnt from colours.",
        None: "",
    }[reading.channels]
    return (
        f"PNG, JPEG, TIFF, BMP, WebP, and DICOM. An image is {RESIZED[reading.resize]} of "
        f"{reading.side} px; it becomes smaller by averaging, larger by interpolation."
        f"{depth}{colour}{centre}{only}"
    )


def _networks(about: Sequence[dict[str, Any]]) -> list[str]:
    one = about[0]
    apart = max(each["difference"] for each in about)
    on = "images of its data set" if one["checked_on"] == "images" else "made-up images"
    found = [
        f"{one['backbone']}, {one['parameters'] / 1e6:.1f} million parameters, as ONNX. It differs "
        f"from PyTorch by at most {apart:.0e} (on {on}, before int8 if that was chosen)."
    ]
    return [*found, *(cost_of(each["int8"]) for each in about if each["int8"])]
