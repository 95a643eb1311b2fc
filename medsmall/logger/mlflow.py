"""MLflow: a local file, or a server."""

import os
import re
import time
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from medsmall.logger import About, Result
from medsmall.logger.charts import figure

KEY, FILE = "medsmall.key", "sqlite:"
MOST, LONGEST = 100, 6000  # parameters that MLflow takes at once, and their characters


class Mlflow:
    """A run of the MLflow experiment that has the name of the run's, found again by its tag KEY.

    Args:
        tracking_uri: ``sqlite:///...`` or ``http://...``.
        save_dir: where the charts of a new experiment go, if it is in a file.
    """

    def __init__(self, tracking_uri: str, save_dir: str | None = None) -> None:
        if find_spec("mlflow") is None:
            raise ModuleNotFoundError("mlflow")
        self.uri, self.folder = tracking_uri, save_dir
        self.client: Any = None
        self.run = ""
        self.there: dict[str, Any] = {}  # the numbers that MLflow has
        self.steps: set[int] = set()

    def start(self, about: About) -> None:
        """Find the run, or create it; tags and parameters that it lacks are added."""
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # else it tries for minutes
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        self.client = MlflowClient(self.uri)
        experiment = self._experiment(about.experiment)
        found = self.client.search_runs([experiment], f"tags.`{KEY}` = '{about.key}'")
        run = found[0] if found else self._created(experiment, about)
        self.run, self.there = run.info.run_id, dict(run.data.metrics)
        if found:
            steps = self.client.get_metric_history(self.run, "epoch")
            self.steps = {one.step for one in steps}
        asked = {_allowed(name): str(value)[:LONGEST] for name, value in about.columns.items()}
        params = [Param(name, text) for name, text in asked.items() if name not in run.data.params]
        for k in range(0, len(params), MOST):
            self.client.log_batch(self.run, params=params[k : k + MOST])

    def _experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        there = self.client.get_experiment_by_name(name)
        if there is None:
            try:
                return str(self.client.create_experiment(name, self._artifacts))
            except MlflowException:  # another cell of the sweep has just created it
                there = self.client.get_experiment_by_name(name)
                if there is None:
                    raise
        return str(there.experiment_id)

    @property
    def _artifacts(self) -> str | None:
        """A server has a place of its own."""
        if self.folder is None or not self.uri.startswith(FILE):
            return None
        return Path(self.folder).expanduser().absolute().as_uri()

    def _created(self, experiment: str, about: About) -> Any:
        """A run without what MLflow would add: the user, and the path of the command."""
        tags = {KEY: about.key, "medsmall.arm": about.arm, "medsmall.tags": ", ".join(about.tags)}
        tags |= {"mlflow.source.name": "medsmall", "mlflow.source.type": "LOCAL"}
        return self.client.create_run(experiment, tags=tags, run_name=about.name)

    def epoch(self, row: dict[str, float]) -> None:
        """The epoch is the step; one that is there is not sent again."""
        if (step := int(row["epoch"])) not in self.steps:
            self._send(row, step)

    def result(self, result: Result) -> None:
        """Numbers as metrics where they are new, words as tags, the table and charts as files."""
        names = _apart(result.numbers)
        numbers = {names[name]: value for name, value in result.numbers.items()}
        self._send({n: v for n, v in numbers.items() if self.there.get(n) != v}, 0)
        for name, text in result.texts.items():
            self.client.set_tag(self.run, f"medsmall.{name}", text)
        self.client.log_text(self.run, result.table.to_csv(index=False), "test/table.csv")
        files = _apart(chart.name for chart in result.charts)
        for chart in result.charts:
            self.client.log_figure(self.run, figure(chart), f"{files[chart.name]}.png")

    def _send(self, numbers: dict[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(_allowed(name), value, now, step) for name, value in numbers.items()]
        for k in range(0, len(metrics), 10 * MOST):
            self.client.log_batch(self.run, metrics=metrics[k : k + 10 * MOST])

    def end(self, complete: bool) -> str:
        """Say whether the run was completed."""
        self.client.set_terminated(self.run, "FINISHED" if complete else "FAILED")
        if self.uri.startswith(FILE):
            return f"MLflow has it in a file: mlflow ui --backend-store-uri {self.uri} shows it."
        return ""


def _apart(names: Iterable[str]) -> dict[str, str]:
    """Names that MLflow takes, the later of two that would be one with a number."""
    found: dict[str, str] = {}
    for name in names:
        plain, taken = _allowed(name), {*found.values()}
        numbered = (f"{plain} {k}" for k in count(2))
        found[name] = plain if plain not in taken else next(n for n in numbered if n not in taken)
    return found


def _allowed(name: str) -> str:
    """A name that MLflow takes: letters of any script, digits, and these signs."""
    return re.sub(r"[^\w./ -]", "_", name)
