"""Scores and costs in words, for the card and the terminal."""

from collections.abc import Sequence
from typing import Any

UNITS = {"image": "images", "study": "studies"}


def score_in_words(test: dict[str, Any]) -> list[str]:
    """The headline score, as sentences."""
    if "before" in test:
        return [_before(one) for one in test["before"][:1] if one]
    if "members" in test:
        return [
            f"Network {k}: {line[0].lower()}{line[1:]}"
            for k, one in enumerate(test["members"])
            for line in score_in_words(one)
        ]
    (metric, score) = next(
        (name, one) for name, one in test["overall"].items() if name == test["headline"]
    ) if test["headline"] in test["overall"] else next(iter(test["overall"].items()))  # fmt: skip
    mean = "mean " if len(test["targets"]) > 1 and len(test["overall"]) == 1 else ""
    return [
        f"Test {mean}{metric} {number(score)}, on {test['units']:,} {UNITS[test['unit']]} of "
        f"{test['patients']:,} patients."
    ]


def _before(of: dict[str, Any]) -> str:
    ends = "" if of.get("low") is None else f" [{of['low']:.3f}, {of['high']:.3f}]"
    many = len(of.get("runs", [])) or 1
    return (
        f"Test {of['metric']} before: {of['mean']:.3f}{ends}, of {many} run{'s' * (many > 1)} with "
        f"{of['train_images']:,} training images each."
    )


def cost_of(cost: dict[str, Any]) -> str:
    """A sentence about int8."""
    said = (
        f"int8: {cost['bytes'] / 1e6:.1f} MB. Of {cost['images']:,} images the outputs change by "
        f"{cost['mean_change']:.3f} in the mean, by {cost['largest_change']:.3f} at most"
    )
    if cost.get("before") is not None and cost.get("after") is not None:
        said += f"; test {cost['metric']} {cost['before']:.3f} before, {cost['after']:.3f} after"
    if cost.get("changed_calls") is not None:
        said += (
            f"; another call for {cost['changed_calls']:,} of {cost['tested']:,} test images, each "
            "at its own threshold"
        )
    return f"{said}."


def number(score: dict[str, float] | None) -> str:
    """ "0.912 [.87, .94]"."""
    if score is None:
        return "–"
    if "low" not in score:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{short(score['low'])}, {short(score['high'])}]"


def short(value: float) -> str:
    """Two decimals without the zero before them; three digits of what may be larger than 1."""
    if abs(value) >= 9.995:
        return f"{value:.3g}"
    return f"{value:.2f}".replace("-0.", "-.") if value < 0 else f"{value:.2f}".removeprefix("0")


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
