"""A W&B workspace that compares the arms of recorded runs: curves, scores, the test.

    pip install "medsmall[dashboard]"
    python -m medsmall.send logger=wandb logger.offline=false sweep=last
    python scripts/wandb_dashboard.py ACCOUNT/PROJECT sweep=last

The words after the project select runs as for medsmall.report. The intervals of the means, and the
verdicts, are those of the report, as text: W&B itself knows standard errors only, over repeats
alone. ``show`` instead of the project prints the specification; it needs no account.
"""

import json
import sys
from typing import Any

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces.expr import Config

from medsmall.command import one_sentence
from medsmall.errors import MedsmallError
from medsmall.logger import told
from medsmall.report.asked import Asked
from medsmall.report.question import Answer, answer
from medsmall.report.shown import words_of
from medsmall.terminal import say

# an arm at one size: a mean over sizes is of nothing
CELL = {"groupby": wr.Config("cell"), "groupby_aggfunc": "mean", "groupby_rangefunc": "stderr"}
MOST_RUNS = 200


def workspace(account: str, project: str, found: Answer, words: list[str]) -> ws.Workspace:
    """Its specification; `words` are the sentences of the report."""
    test = _scored(found)
    sent_with_limits = test == f"test/{found.study.runs[0].headline}"
    limits = (f"{test}_low", f"{test}_high") if sent_with_limits else ()
    return ws.Workspace(
        entity=account,
        project=project,
        name=f"Arms: {found.study.title}",
        sections=[
            ws.Section(name="Arms", panels=_arms(found, words), is_open=True, pinned=True),
            ws.Section(name="Curves", panels=_curves(found), is_open=True),
            ws.Section(name="Test", panels=_test(), is_open=True),
        ],
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=MOST_RUNS),
        runset_settings=ws.RunsetSettings(
            filters=[Config("key").isin(sorted(run.record.key for run in found.study.runs))],
            groupby=[Config("cell")],
            pinned_columns=[
                *(f"config:{name}" for name in ("arm", "n", "repeat", "fold", "seed")),
                *(f"summary:{name}" for name in (test, *limits, "seconds")),
            ],
        ),
    )


def _scored(found: Answer) -> str:
    """The score of a run that the report is about, as it is sent: of one target, or their mean."""
    every = found.study.runs[0].names
    target = f"{found.targets[0]}/" if len(found.targets) == 1 < len(every) else ""
    return f"test/{target}{found.metric}"


def _arms(found: Answer, words: list[str]) -> list[Any]:
    """The report as text, the mean of each arm, and every run by its number of images."""
    test = _scored(found)
    return [
        wr.MarkdownPanel(markdown=markdown(found, words), layout=wr.Layout(w=24, h=10)),
        wr.BarPlot(
            title=f"{test}, mean and standard error", metrics=[wr.SummaryMetric(test)],
            max_runs_to_show=MOST_RUNS, layout=wr.Layout(w=12, h=8), **CELL,
        ),
        wr.ScatterPlot(
            title=f"{test} by training images", x=wr.Config("n"), y=wr.SummaryMetric(test),
            log_x=True, layout=wr.Layout(x=12, w=12, h=8),
        ),
    ]  # fmt: skip


def markdown(found: Answer, words: list[str]) -> str:
    """The report: its means with 95% intervals over repeats and patients, and its verdicts."""
    lines = [f"### {found.title}", "", "| arm | n | mean | 95% interval | runs |", "|-|-|-|-|-|"]
    for cell in found.cells:
        limits = cell.interval
        shown = f"{limits.low:.3f} to {limits.high:.3f}" if limits else f"– ({cell.reason})"
        name = found.study.name(cell.arm)
        lines.append(f"| {name} | {cell.size:,} | {cell.mean:.3f} | {shown} | {cell.repeats} |")
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in words)])


def _curves(found: Answer) -> list[Any]:
    """The epochs, a line per arm and size, with the standard error over its runs."""
    validation = f"val_{found.study.runs[0].headline}"
    return [
        wr.LinePlot(
            title=f"{name} by epoch", x="epoch", y=[name], max_runs_to_show=MOST_RUNS,
            layout=wr.Layout(x=8 * k, w=8, h=8), **CELL,
        )
        for k, name in enumerate(["train_loss", "val_loss", validation])
    ]  # fmt: skip


def _test() -> list[Any]:
    """The table by target, the curves of the selected runs, and how runs differ."""
    return [
        wr.WeavePanelSummaryTable(table_name="test/table", layout=wr.Layout(w=24, h=8)),
        _chart("test/roc", "false positive rate", "true positive rate", 0),
        _chart("test/pr", "recall", "precision", 12),
        wr.RunComparer(diff_only="split", layout=wr.Layout(w=24, h=10)),
    ]


def _chart(name: str, x: str, y: str, place: int) -> Any:
    return wr.CustomChart(
        query={"summaryTable": {"tableKey": f"{name}_table"}},
        chart_name="wandb/area-under-curve/v0",
        chart_fields={"x": x, "y": y, "class": "class"},
        chart_strings={"title": name, "x-axis-title": x, "y-axis-title": y},
        layout=wr.Layout(x=place, w=12, h=8),
    )


def specification(made: ws.Workspace) -> dict[str, Any]:
    """What W&B would be sent."""
    spec: dict[str, Any] = made._to_model().model_dump(by_alias=True, exclude_none=True)
    return spec


def main() -> None:
    """Save the workspace, or show it."""
    with one_sentence():
        if not sys.argv[1:] or {"-h", "--help"} & {*sys.argv[1:]}:
            print(__doc__)
            return
        place, *words = sys.argv[1:]
        account, _, project = place.partition("/")
        if place != "show" and not (account and project):
            raise MedsmallError(f"{place} is no place: write ACCOUNT/PROJECT, or show.")
        asked = Asked.of(words)
        found = answer(asked)
        made = workspace(account, project, found, list(words_of(asked, found)))
        if place == "show":
            print(json.dumps(specification(made), indent=1))
            return
        try:
            made.save()
            say(f"Saved: {made.url}")
        except Exception as error:  # no account, no network: W&B has many errors
            raise MedsmallError(f"W&B has not saved the workspace: {told(error)}.") from error


if __name__ == "__main__":
    main()
