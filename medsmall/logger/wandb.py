"""Weights & Biases: runs by arm, without an account as long as they are offline."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from medsmall.logger import About, Result
from medsmall.logger.charts import Chart, Curves

LONGEST_TAG, LONGEST_GROUP = 64, 128  # W&B refuses longer ones
# neither the host, its folders and command line, nor what is printed: only what `medsmall.sent` has
SETTINGS: dict[str, Any] = {
    "console": "off", "disable_git": True, "disable_code": True, "save_code": False,
    "x_disable_meta": True, "x_disable_machine_info": True, "x_disable_stats": True,
    "x_save_requirements": False, "host": "",
    "init_timeout": 30,  # seconds: else it tries for two minutes
}  # fmt: skip


class Wandb:
    """A run of a W&B project.

    Its group is the experiment and the arm, its job type the size: so W&B's tables and plots begin
    with the mean of each arm. Its id is the key: W&B keeps the steps that it has.

    Args:
        project, entity: where; entity None: that of the account.
        offline: keep it in `save_dir`/wandb until `wandb sync`.
        save_dir: where W&B writes.
        tags: more tags than those of every run.
        more: other keywords of wandb.init, such as notes.
    """

    def __init__(
        self,
        project: str,
        offline: bool,
        save_dir: str,
        entity: str | None = None,
        tags: list[str] | None = None,
        **more: Any,
    ) -> None:
        self.project, self.entity, self.offline = project, entity, offline
        self.folder, self.tags, self.more = Path(save_dir).expanduser(), tags or [], more
        self.run: Any = None
        self.last = 0

    def start(self, about: About) -> None:
        """Begin the run; ``epoch`` is the x-axis of its plots."""
        import wandb

        self.folder.mkdir(parents=True, exist_ok=True)
        asked = {
            "project": self.project,
            "entity": self.entity,
            "dir": str(self.folder),
            "id": about.key,
            "resume": "allow",
            "name": about.name,
            "group": _short(f"{about.experiment}: {about.arm}"),
            "job_type": about.size,
            "tags": list(dict.fromkeys(tag[:LONGEST_TAG] for tag in [*about.tags, *self.tags])),
            "config": about.config,
            "mode": "offline" if self.offline else None,
        }
        self.run = wandb.init(**asked | self.more, settings=wandb.Settings(**SETTINGS))
        self.run.define_metric("epoch")
        self.run.define_metric("*", step_metric="epoch")

    def epoch(self, row: dict[str, float]) -> None:
        """The epoch is W&B's step, so W&B leaves out those that it has."""
        self.last = int(row["epoch"])
        self.run.log(row, step=self.last)

    def result(self, result: Result) -> None:
        """Numbers and words into the summary; the table and the charts as W&B's own."""
        import wandb

        charts = {chart.name: _native(chart) for chart in result.charts}
        table = wandb.Table(dataframe=result.table)
        self.run.log({**charts, "test/table": table}, step=self.last)
        self.run.summary.update({**result.numbers, **result.texts})

    def end(self, complete: bool) -> str:
        """Upload the rest. An earlier offline copy of the run is removed: it is in this one."""
        run, self.run = self.run, None
        folder = Path(run.dir).parent
        run.finish(exit_code=int(not complete))
        if not self.offline:
            return ""
        for earlier in folder.parent.glob(f"offline-run-*-{run.id}"):
            if complete and earlier != folder:
                shutil.rmtree(earlier)
        return (
            f'W&B has it offline: wandb sync "{folder.parent}/"offline-run-* sends what is there.'
        )


def _short(text: str) -> str:
    """Cut, with a hash of the whole: two long arms stay two."""
    if len(text) <= LONGEST_GROUP:
        return text
    ending = f"... {hashlib.sha256(text.encode()).hexdigest()[:6]}"
    return text[: LONGEST_GROUP - len(ending)] + ending


def _native(chart: Chart) -> Any:
    """The preset of W&B for it: there, the lines of several runs share one plot."""
    import wandb

    if isinstance(chart, Curves):
        rows: list[Any] = [
            [name, x, y] for name, line in chart.lines.items() for x, y in zip(*line, strict=True)
        ]
        return wandb.plot_table(
            "wandb/area-under-curve/v0",
            wandb.Table(columns=["class", chart.x, chart.y], data=rows),
            {"x": chart.x, "y": chart.y, "class": "class"},
            {"title": chart.title, "x-axis-title": chart.x, "y-axis-title": chart.y},
        )
    counts: list[Any] = [
        [true, predicted, count]
        for true, row in zip(chart.classes, chart.counts, strict=True)
        for predicted, count in zip(chart.classes, row, strict=True)
    ]
    columns: list[Any] = ["Actual", "Predicted", "nPredictions"]
    return wandb.plot_table(
        "wandb/confusion_matrix/v1",
        wandb.Table(columns=columns, data=counts),
        {name: name for name in columns},
        {"title": chart.title},
    )
