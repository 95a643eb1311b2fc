"""The sweeper of medsmall, where Hydra looks for one; the work is done in `medsmall.grid`.

Hydra imports this file at the start of every command: nothing heavy is imported.
"""

from typing import Any

from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class GridSweeper(Sweeper):
    """Runs all combinations of the values, as conf/hydra/sweeper/grid.yaml has it."""

    def __init__(
        self, params: dict[str, str] | None = None, max_batch_size: int | None = None
    ) -> None:
        self.params, self.batch = params or {}, max_batch_size

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what the launching needs."""
        self.hydra_context, self.config, self.task = hydra_context, config, task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the grid, and run it."""
        from medsmall.errors import MedsmallError
        from medsmall.grid.sweep import sweep

        self._launcher([])  # says at once what is not installed
        if self.config.hydra.launcher.get("n_jobs") == 0:
            raise MedsmallError("hydra.launcher.n_jobs must be at least 1, or -1 for all cores.")

        def launch(overrides: Any, number: int) -> Any:
            name = [word for word in overrides[0] if word.startswith("sweep.name=")]
            return self._launcher(name).launch(overrides, initial_job_idx=number)

        return sweep(self.cells(arguments), launch, self.batch)

    def _launcher(self, words: list[str]) -> Launcher:
        from hydra.core.plugins import Plugins

        config = OmegaConf.merge(self.config, OmegaConf.from_dotlist(words))
        return Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=self.task, config=config
        )

    def cells(self, arguments: list[str]) -> list[tuple[str, ...]]:
        """The overrides of each cell."""
        from hydra.core.override_parser.overrides_parser import OverridesParser

        from medsmall.grid.expand import expand

        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        params = [f"{key}={value}" for key, value in self.params.items()]
        return expand(params, arguments, parser)


class GridPlanner(GridSweeper):
    """Tells what the sweep would cost and can tell, and runs nothing."""

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the grid, and tell its plan."""
        from medsmall.plan.__main__ import tell

        # of joblib's launcher; other engines have their own ways to say it
        at_once = self.config.hydra.launcher.get("n_jobs")
        return tell(self.cells(arguments), at_once if at_once and at_once > 0 else 1)
