"""The finished runs below some output folders, each with its config as one flat dictionary."""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.record import Record
from medsmall.record.key import relevant
from medsmall.record.predicted import Predicted, score
from medsmall.report.memory import Memory
from medsmall.report.run import Run
from medsmall.report.sources import DESCRIBED
from medsmall.report.used import used

IMAGES, MOST_IMAGES = ("n_train", "labels_used"), 10**9
YAML = {"true": "True", "false": "False", "null": "None"}  # as a config is written, and as text
ABOUT = ("dataset", "phantom", "task", "unit")  # of metrics.json, beside the config


def read_runs(
    roots: Sequence[Path], keys: Collection[str] | None = None
) -> tuple[list[Run], list[str]]:
    """All finished runs of the output folders `roots`, and a sentence for each record left out.

    `keys` are the runs to read, None: all. A run that lies in two folders is read once.
    MedsmallError if a folder has no record at all.
    """
    runs: dict[str, Run] = {}
    left_out = []
    for root in roots:
        memory = Memory.of(root)
        folders = sorted(one for one in (root / "runs").glob("*") if one.is_dir())
        if not folders:
            raise MedsmallError(
                f"There is no record below {root.expanduser().absolute()} (runs/...): name an "
                "output folder of medsmall.train."
            )
        for folder in folders:
            if folder.name in runs or (keys is not None and folder.name not in keys):
                continue
            try:
                runs[folder.name] = memory.run(folder) or _read(folder)
            except MedsmallError as error:
                left_out.append(str(error))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                left_out.append(f"{folder} holds no record that can be read ({error!r}).")
    return list(runs.values()), left_out


def _read(folder: Path) -> Run:
    record = Record.open(folder)
    record.check()
    test = Predicted.of(record)
    if test.metrics.get("key", record.key) != record.key:
        raise record.damaged("metrics.json", f"is that of the run {test.metrics['key']}")
    headline, resolved = test.targets.headline, record.config
    _check(record, test.metrics, headline)
    config = config_of(resolved, test.metrics)
    names = test.targets.names
    scores = {f"{headline} {name}": score(test, headline, name) for name in names}  # they agree
    return Run(
        record, test.metrics, config, names, list(test.targets.overall), headline,
        test.identity, test.predictions, scores,
    )  # fmt: skip


def config_of(resolved: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The flat config of a run, by its `resolved` one and what metrics.json says it is about."""
    config = dict(flat(relevant(resolved, ())))
    config |= {group: str(choice) for group, choice in resolved["choices"].items()}
    config = used(config, resolved)
    config |= {key: facts[key] for key in ABOUT}
    source = {f"pretraining.{key}": value for key, value in resolved["pretraining"].items()}
    return config | {key: _text(source[key]) for key in DESCRIBED if source.get(key)}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < np.inf


def _check(record: Record, metrics: dict[str, Any], headline: str) -> None:
    """MedsmallError for an entry that a report uses and that no run writes."""
    share, names = metrics.get("drawn_share", 0.0), [*metrics["test"]["targets"]]
    val = [metrics["val"]["targets"][name].get(headline, 0.0) for name in names]
    sound = {
        "drawn_share": _is_number(share) and 0 <= share <= 1,
        "dataset": type(metrics["dataset"]) is str,
        "identity": type(metrics.get("identity", {})) is dict,
        f"val {headline}": all(one is None or _is_number(one) for one in val),
        **{key: type(metrics[key]) is int and 0 < metrics[key] < MOST_IMAGES for key in IMAGES},
    }
    for key, right in sound.items():
        if not right:
            raise record.damaged("metrics.json", f"has an impossible {key}")
    if "split" not in record.config["choices"]:
        raise record.damaged("config.yaml", "does not say which split was chosen")


def flat(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values; lists as JSON."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value) if isinstance(value, list) else value


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list) else str(value)


def select(runs: Sequence[Run], wanted: dict[str, list[str]]) -> list[Run]:
    """The runs whose config has, for each key of `wanted`, one of its values (as text).

    MedsmallError for a key that no run has, or a value that none of them has.
    """
    wanted = {key: [YAML.get(value, value) for value in values] for key, values in wanted.items()}
    for key, values in wanted.items():
        there = {str(run.config[key]) for run in runs if key in run.config}
        if not there:
            known = {one for run in runs for one in run.config}
            raise MedsmallError(f"No run has the key {key}{did_you_mean(key, known)}.")
        for value in set(values) - there:
            raise MedsmallError(f"No run has {key}={value}: there is {', '.join(sorted(there))}.")
    return [
        run
        for run in runs
        if all(str(run.config.get(key)) in values for key, values in wanted.items())
    ]


def as_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row per run: its config, then ``test_...`` and ``val_...`` means, then its folder."""
    rows = []
    for run in runs:
        means = {
            f"{part}_{name}": value
            for part in ("test", "val")
            for name, value in {**run.metrics[part]["mean"], **_overall(run, part)}.items()
            if isinstance(value, int | float) or value is None
        }
        counts = {key: run.metrics[key] for key in ("name", "n_train", "n_val", "labels_used")}
        rows.append({**run.config, **counts, **means, "folder": str(run.record.folder)})
    return pd.DataFrame(rows)


def _overall(run: Run, part: str) -> dict[str, Any]:
    return {name: run.metrics[part].get(name) for name in run.metrics[part].get("majority", {})}
