"""The answer to a question to the records, in numbers."""

from collections import Counter
from dataclasses import dataclass, field

from medsmall.errors import MedsmallError, did_you_mean
from medsmall.evaluation.scales import lowest
from medsmall.evaluation.threshold import FEW
from medsmall.record.predicted import MEAN
from medsmall.report.arms import Study, commonest_metric, studies
from medsmall.report.asked import Asked
from medsmall.report.cells import Cell, cells_of, targets_in
from medsmall.report.curves import ArmCurve, curves_of
from medsmall.report.ledger import read_runs, select
from medsmall.report.memory import Memory
from medsmall.report.published.counterpart import Counterpart, counterpart
from medsmall.report.sentences import in_words
from medsmall.report.verdicts import Comparison, compared, family_size


@dataclass(frozen=True)
class Answer:
    """The study with the most runs, its cells and comparisons, and what was left out and why.

    `targets` are those of a mean; `family` is how many comparisons the verdicts hold for; `looks`
    is how many of the runs that were read, chosen or not, were scored on its test images (of folds
    on the same one);
    `no_curve` says why an arm has no learning curve; `others` are the studies left out; `published`
    is what against=published asks for; `of_sweep` is whether only the runs of one sweep were read;
    differences below `margin` are called equivalent; `lacking` says which targets a mean leaves
    out.
    """

    study: Study
    metric: str
    targets: list[str]
    cells: list[Cell]
    comparisons: list[Comparison]
    family: int
    looks: int
    left_out: list[str]
    curves: list[ArmCurve]
    no_curve: list[str]
    others: list[Study]
    published: Counterpart | None = None
    of_sweep: bool = False
    margin: float | None = None
    lacking: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the scores are of."""
        names, every = self.targets, self.study.runs[0].names
        what = "all classes" if not names else names[0]
        if len(names) > 1:
            some = "" if len(names) == len(every) else f" of {len(every)}"
            what = f"{len(names)}{some} targets"
        return f"{what} in {self.study.title}: mean test {in_words(self.metric)}"


def answer(asked: Asked) -> Answer:
    """Read the records and compare; MedsmallError if nothing can be answered."""
    runs, left_out = read_runs(asked.roots, asked.keys)
    chosen = select(runs, asked.selection)
    if not chosen:
        why = f" ({left_out[0]})" if left_out else ""
        raise MedsmallError(
            f"No run below {', '.join(map(str, asked.roots))} is finished, can be read{why} and "
            "fits the selection: train one, or select others."
        )
    study, *others = studies(chosen, asked.along)
    for other in others:
        left_out.append(f"{len(other.runs)} run(s) about {other.title}{_how(study, other)}")
    left_out += study.twice
    _check(study, asked)
    metric = asked.metric or commonest_metric(study.runs)
    if asked.reach is not None and asked.reach >= 1 and lowest(metric) is not None:
        raise MedsmallError(
            f"reach={asked.reach:g} is no {in_words(metric)} below 1: try reach=0.9."
        )
    if asked.margin is not None and asked.margin >= 1 and lowest(metric) is not None:
        raise MedsmallError(
            f"margin={asked.margin:g} is no difference of {in_words(metric)} below 1: try "
            "margin=0.02."
        )
    cells = cells_of(study, metric, asked.target)
    if not cells:
        raise MedsmallError(f"{metric} of {asked.target} is undefined in every run: see its table.")
    published = counterpart(study, metric, asked.target) if asked.against else None
    keys = {run.record.key for run in study.runs}
    family = max(  # looking at a part of a sweep does not make it smaller
        family_size(one, asked.compare)
        for one in (studies(runs, asked.along) if len(runs) > len(chosen) else [study])
        if any(run.record.key in keys for run in one.runs)
    )
    comparisons = compared(study, cells, metric, asked.compare, asked.margin, family)
    for root in asked.roots:
        Memory.of(root).keep(runs)
    tests = {run.identity for run in study.runs}
    looks = max(Counter(run.identity for run in runs if run.identity in tests).values())
    names = targets_in(study, metric, asked.target)
    curves, no_curve = curves_of(study, cells, metric)
    return Answer(
        study, metric, names, cells, comparisons, family, looks, left_out, curves, no_curve, others,
        published, asked.keys is not None, asked.margin,
        _lacking(study, metric, names) if asked.target == MEAN else [],
    )  # fmt: skip


def _lacking(study: Study, metric: str, names: list[str]) -> list[str]:
    """A sentence on the targets that the mean over targets leaves out, if there are any."""
    out = [name for name in study.runs[0].names if name not in names]
    if not names or not out:
        return []
    them = "it" if len(out) == 1 else "each"
    return [
        f"The mean is without {', '.join(out)}: in some run {them} has no {in_words(metric)}, or "
        f"one that rests on fewer than {FEW} test {study.people}."
    ]


def _check(study: Study, asked: Asked) -> None:
    """MedsmallError where along= or compare= names nothing that the study varied."""
    varied = [
        key for key in study.runs[0].config if len({str(r.config.get(key)) for r in study.runs}) > 1
    ]
    if asked.along is not None and asked.along not in varied:
        near = did_you_mean(asked.along, varied) if varied else ""
        raise MedsmallError(f"along={asked.along} does not vary in these runs{near}.")
    for factor in asked.compare:
        if factor not in study.factors:
            near = did_you_mean(factor, study.factors) if study.factors else ""
            raise MedsmallError(
                f"compare={factor} is no difference between the arms{near}: they differ in "
                f"{', '.join(study.factors) or 'nothing'}."
            )


def _how(study: Study, other: Study) -> str:
    """How to ask for another study, where one key tells them apart."""
    one, two = study.runs[0].config, other.runs[0].config
    for key in ("dataset", "phantom", "split", "split.seed", "split.folds"):
        if one.get(key) != two.get(key):
            return f"; {key}={two.get(key)} shows them."
    if study.runs[0].identity == other.runs[0].identity:
        return ", drawn from another table: the data, or audit.drop, differ."
    return ", with other test images or labels."
