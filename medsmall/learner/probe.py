"""A linear head on frozen features, solved in closed form instead of trained."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from omegaconf import DictConfig

from medsmall.contract import made
from medsmall.features import Features
from medsmall.learner import TRAINING
from medsmall.learner.heads.examples import Examples, check_views
from medsmall.learner.heads.linear import Linear, logistic, multinomial, ridge
from medsmall.learner.heads.paths import each, logistic_path
from medsmall.learner.heads.penalty import (
    Solver,
    check_penalty,
    log_loss,
    solve_penalised,
    squared_error,
)
from medsmall.targets import Targets
from medsmall.task import Task

if TYPE_CHECKING:  # seconds to import, and a wrong value needs none of it
    from medsmall.batches.drawn import DrawnImages
    from medsmall.case import Case
    from medsmall.learner import Fitted
    from medsmall.logger import Logger


USUAL = 10.0
FINDINGS = Solver(logistic, logistic_path, log_loss, USUAL)
SOLVERS = {
    Task.BINARY: FINDINGS,
    Task.MULTILABEL: FINDINGS,
    Task.MULTICLASS: Solver(multinomial, logistic_path, log_loss, USUAL),
    Task.REGRESSION: Solver(ridge, each(ridge), squared_error, USUAL),
}


@dataclass(frozen=True)
class Probe:
    """Logistic regression, or ridge for numbers, on the features of the train views.

    The features are the inputs of the network's last linear layer; `medsmall.features` keeps them
    for all runs. An image with an unknown label is left out for that target. The solution becomes
    the last layer, so the result is an ordinary network.

    Args:
        label: its name in the names of runs.
        inverse_penalty: C of scikit-learn's logistic regression, 1 / alpha of its ridge, on
            features scaled as in `medsmall.learner.heads.linear`. null: chosen for each target
            among `medsmall.learner.heads.penalty.GRID`. The history has it, and the `folds` it was
            chosen by.
        train_views: augmented views of each train image to fit it to, beside the plain one.
    """

    label: str
    inverse_penalty: float | None
    train_views: int = 0
    ignores: ClassVar[frozenset[str]] = TRAINING
    takes_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_penalty(self.inverse_penalty)
        check_views(self.train_views)

    def check(self, cfg: DictConfig, targets: Targets, side: int) -> None:
        """Check that the features can be had."""
        made(cfg.features, Features).check(cfg, targets, side, self.label)

    def fit(self, case: "Case", data: "DrawnImages", loggers: "list[Logger]") -> "Fitted":
        """Solve the head for the train images."""
        from medsmall.learner.heads.fitting import fit_linear

        solver = SOLVERS[case.targets.task]

        def solve(of: Examples) -> tuple[Linear, dict[str, float]]:
            return solve_penalised(of, solver, self.inverse_penalty)

        return fit_linear(case, data, loggers, solve, self.train_views)
