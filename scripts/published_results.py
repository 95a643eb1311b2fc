"""Writes medsmall/report/published/results.csv: the published AUROCs, each with where it is from.

python scripts/published_results.py TABLE [FILE]

TABLE is a CSV with the columns experiment, task, arm, n_train, metric, value, source_file, note, as
read from the repository of Romero et al. 2020 (github.com/r0mer0m/DL-Medical-Images): numbers that
its files print, and curves that were digitised from the figures in its notebooks. FILE is the file
to write. Kept is the AUROC of the test; the script prints what it leaves out.
"""

import re
import sys
from pathlib import Path

import pandas as pd

FILE = Path(__file__).parents[1] / "medsmall" / "report" / "published" / "results.csv"
METRICS = {"test_auc": "value", "test_auc_lo95": "low", "test_auc_hi95": "high"}
LEFT_OUT = {  # experiments whose test AUROC is that of another row, or of another question
    "fix_size_50_summary": "the authors' own table of fix_size_50, rounded",
    "upstream_dataset_notebook": "trials with 10 epochs; the figure has 30",
}
PLACE = ["experiment", "task", "arm", "n_train"]
COLUMNS = [*PLACE, "metric", "value", "low", "high", "repeats", "obtained", "error", "note",
           "source"]  # fmt: skip
ALL_FILMS = (77880, 77455)  # as it is written, and as many as their train part had
NOTES = {  # in the notes of TABLE, and in ours
    "below the plotted range": "below the plotted range, extrapolated",
    "curve hidden": "hidden under the curve of grad_unfr_diff_lr, taken as equal",
    "mostly hidden": "marker mostly hidden",
    "STALE": "copy of the output for 50% positive",
    "not run in this kernel": "the notebook's cell was not run when it was saved",
    "no TTA": "one plain view, no augmented ones",
}


def kept(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of COLUMNS, in the order of `table`; the bounds of a mean stand beside it."""
    table = table[table["metric"].isin(METRICS) & ~table["experiment"].isin(LEFT_OUT)]
    known = table.assign(metric=table["metric"].map(METRICS))
    bounds = known[known["metric"] != "value"].pivot(index=PLACE, columns="metric", values="value")
    rows = known[known["metric"] == "value"].join(bounds, on=PLACE)
    notes = rows["note"].fillna("")
    digitised = notes.str.extract(r"\+-([0-9.]+)\)", expand=False)
    return rows.assign(
        metric="auroc",
        n_train=rows["n_train"].replace(*ALL_FILMS),
        repeats=notes.str.contains("mean of 10 repeats").map({True: 10, False: 1}),
        obtained=digitised.isna().map({True: "printed", False: "digitised"}),
        error=digitised.astype(float).fillna(0.0),
        note=[_note(*row) for row in zip(notes, rows["n_train"], strict=True)],
        source=rows["source_file"],
    )[COLUMNS].reset_index(drop=True)


def _note(theirs: str, n_train: int) -> str:
    ours = [text for words, text in NOTES.items() if words in theirs]
    if found := re.search(r"max_lr=(\S+), (\d+) epochs", theirs):
        ours.append(f"{found[2]} epochs up to a rate of {found[1]}")
    if n_train == ALL_FILMS[0]:
        ours.append(f"written as {n_train}")
    return "; ".join(ours)


def main() -> None:
    """Write the file, and say what is not in it."""
    table = pd.read_csv(sys.argv[1])
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else FILE
    rows = kept(table)
    rows.to_csv(file, index=False, lineterminator="\n")
    print(f"{file}: {len(rows)} AUROCs of {len(table)} rows")
    without = table[~table["metric"].isin(METRICS)]
    losses = without["metric"].str.contains("loss").sum()
    others = len(without) - losses
    print(f"Left out: {losses} losses; {others} accuracies, scores of validation and of views")
    for experiment, why in LEFT_OUT.items():
        print(f"Left out: {experiment}: {why}")


if __name__ == "__main__":
    main()
