"""What an exported model was trained on, and the licences; no name of a patient, no path."""

from pathlib import Path
from typing import Any

from medsmall.predict.facts import opened
from medsmall.record import Record
from medsmall.record.key import relevant

LEFT_OUT = "(left out)"


def trained_on(record: Record) -> list[dict[str, Any]]:
    """Of the run and of the runs that it started from, the last one first."""
    found: list[dict[str, Any]] = []
    run: Record | None = record
    while run is not None:
        if not run.done:
            found.append({"run": run.key, "dataset": "unknown (its record is gone)"})
            break
        metrics, dataset, draw = run.metrics, opened(run), run.draw
        learnt = draw[draw["part"] != "test"]
        about = {name: str(getattr(dataset, name, "") or "") for name in ("licence", "url")}
        found.append({
            "run": run.key, "dataset": str(metrics["dataset"]),
            "phantom": bool(metrics["phantom"]),
            "patients": int(learnt["patient"].nunique()), "images": int(learnt["image"].nunique()),
            "labels": int(metrics["labels_used"]), **about,
            "citation": str(getattr(dataset, "citation", "") or ""),
        })  # fmt: skip
        run = run.upstream
    return found


def weights(record: Record) -> dict[str, str]:
    """Where the initial weights of the first run in the chain come from, and their licence."""
    while (upstream := record.upstream) is not None and upstream.done:
        record = upstream
    metrics = record.metrics
    known = metrics.get("provenance") or {}
    told = {name: str(known[name]) for name in ("licence", "url", "sha256") if known.get(name)}
    file = {"file": Path(str(known["file"])).name} if known.get("file") else {}
    return {"name": str(metrics["pretraining"]), **file, **told}


def config_of(record: Record) -> dict[str, Any]:
    """What decides the result in the config of a run, without paths of the machine."""
    config = record.config
    found = {**relevant(config, ()), "choices": config.get("choices", {})}
    cleaned: dict[str, Any] = _without_paths(found)
    return cleaned


def _without_paths(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_paths(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_paths(one) for one in value]
    if isinstance(value, str) and (value.startswith(("/", "~", "\\\\")) or value[1:3] == ":\\"):
        return LEFT_OUT
    return value
