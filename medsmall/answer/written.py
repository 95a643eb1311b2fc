"""Answers as rows, as CSV and as JSON."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsmall.answer.answers import Answer
from medsmall.answer.facts import Facts
from medsmall.answer.inert import inert_cell
from medsmall.answer.sentences import crossing, names, sentence
from medsmall.errors import MedsmallError

KINDS = (".csv", ".json")


def rows(answers: Sequence[Answer], members: Sequence[Facts]) -> list[dict[str, Any]]:
    """One row per answer, with the same columns in all; None where a value is unknown.

    ``image`` (or ``study``), ``images`` (how many), for each target ``prob_``, ``calibrated_``
    with ``_low`` and ``_high``, ``spread_``; what is called (``predicted``, or ``called_`` of
    several findings); ``familiar`` (the p value of its look) and ``unfamiliar``; ``learnt``: the
    model has learnt from it; the sentence, and ``refused``, the reason where there is no answer.
    """
    facts = members[0]
    said = [sentence(one, members, name) for one, name in zip(answers, names(answers), strict=True)]
    return [
        {
            "image" if facts.unit == "image" else facts.unit: answer.name,
            **({} if facts.unit == "image" else {"images": len(answer.images)}),
            **_numbers(answer, members),
            **_calls(answer, facts, len(members)),
            **_sets(answer, facts),
            "familiar": answer.p,
            "unfamiliar": answer.unfamiliar,
            "learnt": answer.learnt,
            "refused": answer.refused,
            "sentence": words,
        }
        for answer, words in zip(answers, said, strict=True)
    ]


def _numbers(answer: Answer, members: Sequence[Facts]) -> dict[str, Any]:
    facts, found = members[0], {}
    prefix = "pred" if facts.task == "regression" else "prob"
    calibrated = all(one.calibration for one in members)
    for k, target in enumerate(facts.targets):
        found[f"{prefix}_{target}"] = None if answer.refused else float(answer.prob[k])
        if calibrated:
            ends = [None] * 3 if answer.calibrated is None else answer.calibrated[:, k].tolist()
            ends = [None if one is None or np.isnan(one) else one for one in ends]
            for suffix, value in zip(("", "_low", "_high"), ends, strict=True):
                found[f"calibrated_{target}{suffix}"] = value
        if len(members) > 1:
            found[f"spread_{target}"] = None if answer.spread is None else float(answer.spread[k])
    return found


def _calls(answer: Answer, facts: Facts, members: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if facts.task == "regression":
        return found
    called = answer.called
    if facts.task == "multiclass":
        found["predicted"] = None if called is None else facts.targets[int(called.argmax())]
        for column, choices in zip(
            ("first", "second"), crossing(facts.targets) or (), strict=False
        ):
            shares = {
                word: answer.prob[at].sum() for word, at in choices.items() if called is not None
            }
            found[column] = max(shares, key=lambda one: shares[one]) if shares else None
    elif len(facts.targets) == 1:
        found["predicted"] = _whole(called, 0)
    else:
        for k, target in enumerate(facts.targets):
            found[f"called_{target}"] = _whole(called, k)
    return found | ({"agreeing": answer.agreeing} if members > 1 else {})


def _whole(called: NDArray[np.float64] | None, k: int) -> int | None:
    return None if called is None or np.isnan(called[k]) else int(called[k])


def _sets(answer: Answer, facts: Facts) -> dict[str, Any]:
    if facts.alpha is None:
        return {}
    names = ["set"] if facts.task == "multiclass" else [f"set_{name}" for name in facts.targets]
    found = answer.sets or [()] * len(names)
    return {name: " | ".join(one) for name, one in zip(names, found, strict=True)}


def kind_of(path: Path) -> str:
    """Its suffix; MedsmallError unless that is one of KINDS."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise MedsmallError(f"to={path} must end in .csv or .json.")
    return kind


def text(table: Sequence[dict[str, Any]], kind: str) -> str:
    """Rows as CSV, or as JSON with the same keys."""
    if kind == ".json":
        return json.dumps(list(table), indent=1, ensure_ascii=False) + "\n"
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([inert_cell(name) for name in table[0]])
    writer.writerows([inert_cell(cell) for cell in row.values()] for row in table)
    return content.getvalue()
