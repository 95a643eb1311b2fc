"""Draws test AUROC against the label budget, one line per source of weights.

python scripts/plot_sample_sizes.py <output_root> <picture.png> [<experiment>]

The experiment, or the data set of runs without one, is by default that with the most runs.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.record.key import relevant

# Okabe & Ito's colours and different markers: told apart by everyone, and in grey print
STYLE = {
    "chexpert": ("#0072B2", "o"),
    "mura": ("#D55E00", "s"),
    "imagenet": ("#009E73", "^"),
    "none": ("#7F7F7F", "D"),
}
OTHER = ("#CC79A7", "v")  # a source of one's own


# What the picture compares, and what follows from it: random weights train whole from the start.
# All else has to be the same for runs that stand in one mean.
COMPARED = (
    "sample_size.n", "sample_size.fraction", "sample_size.repeat", "seed", "pretraining",
    "strategy.random_body",
)  # fmt: skip


def runs(output_root: Path) -> pd.DataFrame:
    """One row per finished run that has an AUROC: experiment, what, labels, auroc, ...

    `what` is in the picture; `alike` (JSON) is the same for runs that differ in nothing but
    COMPARED, `weights` (JSON) for those that begin with the same.
    """
    rows, numbers = [], 0
    for done in sorted(output_root.glob("runs/*/DONE")):
        record = Record.open(done.parent)
        try:
            if "auroc" in record.metrics["test"]["mean"]:
                rows.append(row(record))
            else:
                numbers += 1
        except (AttributeError, KeyError, TypeError) as error:  # YAML or JSON, but not as written
            raise record.damaged("config.yaml or metrics.json", f"lacks {error}") from error
    if numbers:
        print(f"Left out: {numbers} run(s) that predict numbers, without AUROC.", file=sys.stderr)
    return pd.DataFrame(rows)


def row(record: Record) -> dict[str, Any]:
    """What is drawn of a run."""
    config, metrics = record.config, record.metrics
    alike = {**relevant(config, COMPARED), "test images": metrics["test"]["n"]}
    alike["table"] = metrics.get("identity", {}).get("table")  # other labels are other data
    names = list(metrics["test"]["targets"])
    what = names[0] if len(names) == 1 else f"Mean of {len(names)} targets"
    return {
        "experiment": str(config["choices"]["experiment"]),
        "what": f"{what} in {metrics['dataset']}{' (generated)' * metrics['phantom']}",
        "labels": metrics["labels_used"],
        "repeat": config["sample_size"]["repeat"],
        "pretraining": config["choices"]["pretraining"],
        "auroc": metrics["test"]["mean"]["auroc"],
        "alike": json.dumps(alike, sort_keys=True),
        "weights": json.dumps(config["pretraining"], sort_keys=True),
    }


def of_experiment(table: pd.DataFrame, named: str | None) -> pd.DataFrame:
    """The runs of the named experiment, or of that with the most; tells of the others."""
    counts = table["experiment"].value_counts()
    chosen = named or str(counts.index[0])
    for other, count in counts.drop(chosen, errors="ignore").items():
        print(f"Left out: {count} run(s) of {other}; name it last to draw it.", file=sys.stderr)
    return table[table["experiment"] == chosen]


def most_alike(table: pd.DataFrame) -> pd.DataFrame:
    """The largest set of runs that may stand in one picture; tells what is left out."""
    table = _commonest(table, "alike", "")
    kept = [_commonest(rows, "weights", f" from {k}") for k, rows in table.groupby("pretraining")]
    return pd.concat(kept)


def _commonest(table: pd.DataFrame, column: str, which: str) -> pd.DataFrame:
    """The rows with the commonest value of `column`, JSON; tells in what the others differ."""
    kinds = table[column].value_counts()
    kept = dict(flat(json.loads(kinds.index[0])))
    for kind, count in kinds.iloc[1:].items():
        other = dict(flat(json.loads(str(kind))))
        keys = [key for key in kept | other if kept.get(key) != other.get(key)]
        values = ", ".join(f"{key}={other.get(key)}" for key in keys[:5])
        print(f"Left out: {count} run(s){which} with {values}", file=sys.stderr)
    return table[table[column] == kinds.index[0]]


def flat(config: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def apart(heights: dict[str, float], least: float) -> dict[str, float]:
    """The heights from the top down, each at least `least` below the one before."""
    placed: dict[str, float] = {}
    for name, height in sorted(heights.items(), key=lambda item: -item[1]):
        placed[name] = min([height, *(above - least for above in placed.values())])
    return placed


def draw(table: pd.DataFrame, picture: Path) -> None:
    """Save the picture; the runs stand beside each other a little so that none hides another."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    ends: dict[str, float] = {}
    sources = set(table["pretraining"])
    present = [*(s for s in STYLE if s in sources), *sorted(sources - STYLE.keys())]
    for k, source in enumerate(present):
        colour, marker = STYLE.get(source, OTHER)
        of_source = table[table["pretraining"] == source]
        mean = of_source.groupby("labels")["auroc"].mean()
        beside = 1 + 0.03 * (k - (len(present) - 1) / 2)
        axes.plot(mean.index * beside, mean, color=colour, lw=2, marker=marker, ms=7)
        axes.plot(
            of_source["labels"] * beside, of_source["auroc"], marker, color=colour, ms=4, alpha=0.4
        )
        ends[source] = float(mean.iloc[-1])
    right = table["labels"].max() * 1.09
    for source, height in apart(ends, least=0.025).items():
        colour, _ = STYLE.get(source, OTHER)
        axes.text(right, height, source, color=colour, va="center", weight="bold")
    sizes = sorted(table["labels"].unique())
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    axes.set_xlim(sizes[0] * 0.85, sizes[-1] * 1.45)
    axes.axhline(0.5, color="black", lw=0.8, ls=":")
    axes.annotate("chance", (sizes[0] * 0.87, 0.505), fontsize=8, va="bottom")
    axes.set_xlabel("labelled images (training and validation)")
    axes.set_ylabel("test AUROC")
    axes.set_title(f"{table['what'].iloc[0]}, by source of the initial weights", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.25)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: plot_sample_sizes.py <output_root> <picture.png> [<experiment>]")
    root, picture, *named = sys.argv[1:]
    try:
        found = runs(Path(root))
    except MedsmallError as error:
        sys.exit(str(error))
    if found.empty:
        sys.exit(f"There is no finished run with an AUROC under {root}/runs.")
    chosen = of_experiment(found, *(named or [None]))
    if chosen.empty:
        sys.exit(f"There is no finished run of {named[0]} under {root}/runs.")
    draw(most_alike(chosen), Path(picture))
