"""Answers as sentences for people: "film.png: Pneumonia, 0.91; calibrated 0.84 [.70, .93]"."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medsmall.answer.answers import Answer
from medsmall.answer.facts import Facts

MOST = 3  # findings that are named of many


def sentence(answer: Answer, members: Sequence[Facts], name: str) -> str:
    """One answer in words; `name` is what it is about."""
    if answer.refused:
        return _printable(f"Not answered: {answer.refused}")
    said = "; ".join([_called(answer, members[0]), *_more(answer, members)])
    return f"{_printable(name)}: {said}."


def _printable(words: str) -> str:
    """Without newlines and codes that a terminal would obey."""
    return "".join(one if one.isprintable() else "?" for one in words)


def names(answers: Sequence[Answer]) -> list[str]:
    """What the answers are about, as short as tells them apart: without the folder they share."""
    paths = [one.name for one in answers]
    if len(paths) == 1:
        return [str(Path(*Path(paths[0]).parts[-3:])) if os.sep in paths[0] else paths[0]]
    folders = {os.path.dirname(one.name) for one in answers if not one.refused}
    if not folders or "" in folders or len({os.path.isabs(one) for one in folders}) > 1:
        return paths
    shared = os.path.commonpath(folders)
    return [os.path.relpath(path, shared) if shared else path for path in paths]


def _called(answer: Answer, facts: Facts) -> str:
    prob = answer.prob
    if facts.task == "regression":
        spread = answer.spread if answer.spread is not None else [None] * len(prob)
        return ", ".join(
            f"{name} {value:.4g}{'' if sd is None else f' (± {sd:.2g} between the networks)'}"
            for name, value, sd in zip(facts.targets, prob, spread, strict=True)
        )
    if facts.task == "multiclass":
        return _class(answer, facts)
    if len(prob) == 1:
        return f"{_finding(answer, facts, 0)}, {prob[0]:.2f}{_calibrated(answer, 0)}"
    order = np.argsort(-prob)
    assert answer.called is not None
    present = [k for k in order if answer.called[k] == 1]
    absent = [k for k in order if k not in present]
    found = [f"{facts.targets[k]} {prob[k]:.2f}{_calibrated(answer, k)}" for k in present]
    rest = [f"{facts.targets[k]} {prob[k]:.2f}" for k in absent[:MOST]]
    more = f" and {len(absent) - MOST} less probable" if len(absent) > MOST else ""
    if np.isnan(answer.called).all():
        return f"most probable {', '.join(rest)}{more} (no threshold)"
    return (
        f"{', '.join(found) or 'nothing called'}; not {', '.join(rest)}{more}"
        if rest
        else (", ".join(found))
    )


def _finding(answer: Answer, facts: Facts, k: int) -> str:
    name = facts.targets[k]
    assert answer.called is not None
    if np.isnan(answer.called[k]):
        return f"{name} (no threshold)"
    return name if answer.called[k] == 1 else facts.negatives.get(name, f"no {name}")


def _class(answer: Answer, facts: Facts) -> str:
    """The class, and the next one; of classes that cross two questions, both answers."""
    order = np.argsort(-answer.prob)
    first, second = (int(k) for k in order[:2])
    if crossed := crossing(facts.targets):
        said = []
        for choices in crossed:
            shares = {word: float(answer.prob[list(at)].sum()) for word, at in choices.items()}
            word = max(shares, key=lambda one: shares[one])
            said.append(f"{word} {shares[word]:.2f}")
        return ", ".join(said)
    other = f" (then {facts.targets[second]} {answer.prob[second]:.2f})"
    called = f"{facts.targets[first]}, {answer.prob[first]:.2f}"
    return f"{called}{_calibrated(answer, first)}{other}"


def crossing(classes: Sequence[str]) -> tuple[dict[str, list[int]], dict[str, list[int]]] | None:
    """Of classes such as ELBOW_normal, ELBOW_abnormal, HAND_normal, ... the two questions.

    By answer, which classes give it. None unless each first answer occurs with each second one.
    """
    parts = [name.rpartition("_") for name in classes]
    firsts, seconds = (list(dict.fromkeys(part[i] for part in parts)) for i in (0, 2))
    whole = len(firsts) * len(seconds) == len(classes) == len({*classes})
    if not whole or min(len(firsts), len(seconds)) < 2:
        return None
    return (
        {one: [k for k, part in enumerate(parts) if part[0] == one] for one in firsts},
        {one: [k for k, part in enumerate(parts) if part[2] == one] for one in seconds},
    )


def _calibrated(answer: Answer, k: int) -> str:
    if answer.calibrated is None or np.isnan(answer.calibrated[0, k]):
        return ""
    value, low, high = answer.calibrated[:, k]
    ends = "" if np.isnan(low) else f" [{_short(low)}, {_short(high)}]"
    return f"; calibrated {value:.2f}{ends}"


def _short(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else f"{value:.2f}"


def _more(answer: Answer, members: Sequence[Facts]) -> list[str]:
    said = []
    if len(members) > 1 and members[0].task != "regression":
        assert answer.spread is not None
        spread = f"± {answer.spread[int(answer.prob.argmax())]:.2f} between {len(members)} networks"
        say = "say" if answer.agreeing != 1 else "says"
        agree = f", {answer.agreeing} of them {say} so" if answer.agreeing is not None else ""
        said.append(f"{spread}{agree}")
    if len(answer.images) > 1:
        said.append(f"the mean of {len(answer.images)} images")
    if answer.sets is not None and members[0].alpha is not None:
        told = ["{" + ", ".join(one) + "}" for one in answer.sets]
        said.append(f"{1 - members[0].alpha:.0%} set{'s' * (len(told) > 1)} {' '.join(told)}")
    if answer.learnt:
        said.append("LEARNT: the model has learnt from this image, so this is no test of it")
    if answer.unfamiliar:
        said.append("UNFAMILIAR: it looks unlike the training images, so do not trust this")
    return said
