"""Ways of fitting told apart: a learner without a strategy beside a strategy of another."""

from dataclasses import replace

from medsmall.report.run import Run


def with_ways(runs: list[Run]) -> list[Run]:
    """The runs, with one factor for how they were fitted: the learner.

    Where some learners have no strategy and others several, the strategies are learners, too: so
    "probe" and "finetune_all" differ in one factor alone.
    """
    strategies = {run.config.get("strategy") for run in runs}
    if None not in strategies or strategies == {None}:
        return runs
    several = len(strategies) > 2
    return [_told(run, several) for run in runs]


def _told(run: Run, several: bool) -> Run:
    config = dict(run.config)
    strategy = config.pop("strategy", None)
    if strategy is not None and several:
        config["learner"] = strategy
    return replace(run, config=config)
