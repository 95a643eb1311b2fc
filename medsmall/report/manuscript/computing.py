"""Statements on software, machines and seeds, by the environments of the runs."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from medsmall.report.manuscript.facts import Facts, listed, span, to_fill_in

SHOWN = 9  # digits of a commit
SEEDS = {
    "split.seed": "partition",
    "sample_size.seed": "draws",
    "seed": "training",
    "augmentation.seed": "augmentation",
}


def software(facts: Facts) -> str:
    """Python, medsmall with its commit, and the libraries; each version where runs differ."""
    if not facts.environments:
        return f"The software was medsmall {to_fill_in('versions of the software')}."
    packages = dict.fromkeys(
        name for one in facts.environments for name in _dictionary(one.get("packages"))
    )
    told = [f"{name} {_counted(facts, partial(_version, name))}" for name in packages]
    commit = _counted(facts, lambda one: _short(one.get("commit")))
    if told and commit:
        told = [f"{one} (commit {commit})" if one.startswith("medsmall ") else one for one in told]
    python = _counted(facts, lambda one: one.get("python"))
    told += [f"Python {python}"] if python else []
    return f"The software was {listed(told, 30)}.{_without(facts)}"


def hardware(facts: Facts) -> str:
    """The devices, and how long a run took."""
    if not facts.environments:
        return f"The hardware was {to_fill_in('device')}."
    device = _counted(facts, _device) or to_fill_in("device")
    said = f"Runs were computed on {device}"
    cuda = _counted(facts, lambda one: one.get("cuda"))
    said += f" with CUDA {cuda}" if cuda else ""
    system = _counted(facts, lambda one: str(one.get("platform") or "").partition("-")[0])
    said += f", under {system}" if system else ""
    seconds = [one["seconds"] for one in facts.environments if _is_number(one.get("seconds"))]
    if seconds:
        said += f"; a run took {max(1, round(median(seconds))):,} s (median)"
    return f"{said}."


def seeds(facts: Facts) -> str:
    """The seeds of the parts of a run."""
    told = []
    for key, what in SEEDS.items():
        values = facts.values(key)
        if values:
            whole = len(values) > 2 and values == list(range(values[0], values[-1] + 1))
            told.append(f"{what} {span(values) if whole else listed(values)}")
    return f"Random seeds: {listed(told)}." if told else ""


def _counted(facts: Facts, of: Callable[[dict[str, Any]], Any]) -> str:
    """A value of all environments; where they differ, each with its number of runs."""
    found = Counter(str(value) for one in facts.environments if (value := of(one)))
    if len(found) <= 1:
        return "".join(found)
    order = sorted(found, key=lambda value: (-found[value], value.casefold()))
    return listed([f"{value} ({found[value]:,} runs)" for value in order])


def _version(name: str, environment: dict[str, Any]) -> Any:
    return _dictionary(environment.get("packages")).get(name)


def _device(environment: dict[str, Any]) -> str:
    """A GPU by its name; of another processor no more than its kind is recorded."""
    name = str(environment.get("device") or "")
    if not name:
        return ""
    kind = "GPU" if environment.get("cuda") else "CPU"
    return f"a {kind}" + f" ({name})" * (name != "cpu")


def _without(facts: Facts) -> str:
    lacking = len(facts.runs) - len(facts.environments)
    if not lacking:
        return ""
    return f" {lacking:,} of {len(facts.runs):,} runs have no record of theirs."


def _short(commit: Any) -> str:
    digits, dash, dirty = str(commit or "").partition("-")
    return f"{digits[:SHOWN]}{', with changes' if dash and 'dirty' in dirty else ''}"


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
