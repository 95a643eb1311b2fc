"""What was published on a study of ours: found by its experiment, or by its data and its arms."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from medsmall.errors import MedsmallError
from medsmall.record.predicted import MEAN
from medsmall.report.arms import ALONG, Study
from medsmall.report.cells import Arm
from medsmall.report.ledger import flat
from medsmall.report.published.source import Defect, Question, Task, defects, questions, results
from medsmall.report.published.source import tasks as all_tasks

DATASET, METRIC = "chestxray14", "auroc"


@dataclass(frozen=True)
class Line:
    """The numbers of one published arm: `rows` of `source.results`, rising in n_train.

    `same` are the arms of ours that it stands for; `labels` their labelled films.
    """

    experiment: str
    arm: str
    rows: pd.DataFrame = field(repr=False)
    labels: list[int]
    same: list[Arm]

    @property
    def defects(self) -> list[Defect]:
        """Those of any of its numbers."""
        rows = [row for _, row in self.rows.iterrows()]
        return [one for one in defects() if any(map(one.concerns, rows))]


@dataclass(frozen=True)
class Counterpart:
    """Published lines beside the arms of `study`; `again` are second stored runs of the same arms.

    `differ` says which settings are not theirs; `generated`: our films are, so nothing compares.
    """

    study: Study = field(repr=False)
    question: Question
    task: Task
    lines: list[Line]
    again: list[Line]
    differ: list[str]
    generated: bool

    def name(self, line: Line) -> str:
        """A published arm in our words, or in theirs if we have no such arm."""
        return self.study.name(line.same[0]) if line.same else line.arm.replace("_", " ")


def counterpart(study: Study, metric: str, target: str) -> Counterpart:
    """What was published on the same targets; MedsmallError, one sentence, if there is nothing."""
    task = _task(study, metric, target)
    configs = {arm: _config(study, arm) for arm in study.arms}
    there = {*results().loc[results()["task"] == task.name, "experiment"]}
    known = [one for one in questions() if there & {*one.series}]
    asked = Counter(config["experiment"] for config in configs.values()).most_common(1)[0][0]
    named = [one for one in known if one.ours == asked]
    question = max(named or known, key=lambda one: _likeness(one, task, configs))
    settings = question.settings | task.settings
    lines = [_line(question, task, *place, configs) for place in _places(question.series, task)]
    again = [_line(question, task, *place, configs) for place in _places([question.again], task)]
    told = {arm for line in lines for arm in line.same} or {*study.arms}
    differ = list(_differences(study, told, settings))
    return Counterpart(
        study, question, task, lines, again, differ, bool(study.runs[0].config["phantom"])
    )


def _task(study: Study, metric: str, target: str) -> Task:
    names = study.runs[0].names
    of_data = study.runs[0].config["dataset"] == DATASET and study.along in ALONG
    for task in all_tasks():
        whole = target == MEAN or [target] == names
        if of_data and metric == METRIC and whole and {*names} == {*task.targets}:
            return task
    alone = [task.targets[0] for task in all_tasks() if len(task.targets) == 1]
    raise MedsmallError(
        f"against=published: nothing is published on {study.title} with {_those(names, target)} "
        f"by {metric} along {study.along}; there is AUROC along sample_size.n of {DATASET}, of "
        f"all 14 findings in the mean, or of {', '.join(alone[:-1])} or {alone[-1]} learnt alone."
    )


def _those(names: list[str], target: str) -> str:
    learnt = names[0] if len(names) == 1 else f"{len(names)} targets"
    return learnt if target == MEAN or names == [target] else f"{target} of {learnt}"


def _config(study: Study, arm: Arm) -> dict[str, Any]:
    """The options and keys of one run of an arm, as they were written."""
    runs = next(of for (one, _), of in study.cells.items() if one == arm)
    record = next(iter(runs.values())).record
    return {**dict(flat(record.config)), **record.config["choices"]}


def _likeness(
    question: Question, task: Task, configs: dict[Arm, dict[str, Any]]
) -> tuple[int, int, int]:
    """How many arms are the same, of ours and of theirs, then how many settings."""
    arms = {arm for _, arm in _places(question.series, task)}
    same = [_same(question, task, arm, configs) for arm in arms]
    ours = {arm for of in same for arm in of}
    settings = question.settings | task.settings
    alike = sum(_fits(config, {k: v}) for config in configs.values() for k, v in settings.items())
    return len(ours), sum(map(bool, same)), alike


def _places(series: list[str], task: Task) -> list[tuple[str, str]]:
    """The (experiment, arm) with numbers on a task, in the order of the file."""
    table = results()
    rows = table[table["experiment"].isin(series) & (table["task"] == task.name)]
    return list(dict.fromkeys(zip(rows["experiment"], rows["arm"], strict=True)))


def _line(
    question: Question, task: Task, experiment: str, arm: str, configs: dict[Arm, dict[str, Any]]
) -> Line:
    table = results()
    here = (table["experiment"] == experiment) & (table["task"] == task.name)
    rows = table[here & (table["arm"] == arm)].sort_values("n_train", kind="stable")
    val = 0 if arm in question.no_validation else task.val
    labels = [int(n) + val for n in rows["n_train"]]
    return Line(experiment, arm, rows, labels, _same(question, task, arm, configs))


def _same(
    question: Question, task: Task, arm: str, configs: dict[Arm, dict[str, Any]]
) -> list[Arm]:
    """Our arms that mean the same; where several do, those with most of their settings."""
    meaning, settings = question.meaning(arm), question.settings | task.settings
    found = {
        one: sum(_fits(config, {key: value}) for key, value in settings.items())
        for one, config in configs.items()
        if _fits(config, meaning)
    }
    return [one for one, alike in found.items() if alike == max(found.values())]


def _fits(config: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(config.get(key) == value for key, value in wanted.items())


def _differences(study: Study, arms: set[Arm], settings: dict[str, Any]) -> Iterator[str]:
    """Each setting with another value in some runs of these arms."""
    runs = [run for (arm, _), of in study.cells.items() if arm in arms for run in of.values()]
    for key, theirs in settings.items():
        values = {run.config[key] for run in runs if key in run.config}
        if others := sorted(str(value) for value in values - {theirs}):
            yield f"{key} {', '.join(others)} (theirs {theirs})"
