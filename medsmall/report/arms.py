"""What a sweep varied: its arms, sample sizes, and repeats."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from medsmall.configs.options import groups
from medsmall.errors import MedsmallError
from medsmall.record.key import SEEDS
from medsmall.report.paths import without_paths
from medsmall.report.run import Run
from medsmall.report.sources import DESCRIBED, with_sources
from medsmall.report.used import TOLD
from medsmall.report.ways import with_ways

ALONG = ("sample_size.n", "sample_size.fraction")
REPEATS = ("sample_size.repeat", "seed", "augmentation.seed", "sample_size.seed", "split.fold")
# what an arm is not: names of runs, the machine, and keys that follow from others
IGNORED = {
    "experiment", "upstream", "size", "fold", "trainer", "logger", "dataset.name",
    "strategy.random_body", *SEEDS,
}  # fmt: skip
APART = ("dataset", "phantom", "task", "dataset.targets", "split", "split.seed", "split.folds")


@dataclass
class Study:
    """Runs that answer one question: the same data, targets and test patients.

    Attributes:
        title: what they are about.
        factors: the keys that make arms, in the order of their config.
        cells: (arm, size) -> repeat -> run. An arm is the values of `factors`; a repeat is all that
            tells two runs of one cell apart, and the same repeat of two arms has the same draw.
        twice: sentences about runs left out, since nothing tells them from others.
        along: the key that is the size.
    """

    title: str
    factors: list[str]
    cells: dict[tuple[tuple[str, ...], int], dict[str, Run]] = field(repr=False)
    twice: list[str] = field(default_factory=list)
    along: str = ALONG[0]

    @property
    def runs(self) -> list[Run]:
        """All of them."""
        return [run for cell in self.cells.values() for run in cell.values()]

    @property
    def is_kfold(self) -> bool:
        """Whether the test patients are those of folds, each run's its own."""
        return bool(self.runs[0].config["split"] == "kfold")

    @cached_property
    def people(self) -> str:
        """What the test has in patients' stead: "patients", "lesions", or "images"."""
        return self.runs[0].people

    @property
    def same_draws(self) -> bool:
        """Whether repeats, if there are any, differ in the training's seed alone."""
        drawn = ("sample_size.repeat", "sample_size.seed", "split.fold")
        repeats = {repeat for cell in self.cells.values() for repeat in cell}
        keys = {key for repeat in repeats for key in json.loads(repeat)}
        all_images = all(run.config.get(key) is None for run in self.runs for key in ALONG)
        return len(repeats) > 1 and not self.is_kfold and (all_images or not keys & {*drawn})

    def fold(self, repeat: str) -> str:
        """The fold in the name of a repeat; the first if there is but one."""
        return str(json.loads(repeat).get("split.fold", 0))

    @property
    def arms(self) -> list[tuple[str, ...]]:
        """Its arms, by name."""
        return sorted({arm for arm, _ in self.cells})

    @property
    def sizes(self) -> list[int]:
        """Its numbers of training images, rising."""
        return sorted({size for _, size in self.cells})

    @property
    def size_column(self) -> str:
        """The name of the sizes in tables."""
        return "train_images" if self.along in ALONG else self.along

    def at(self, size: int) -> str:
        """A size in words."""
        return f"{size:,} training images" if self.along in ALONG else f"{self.along}={size}"

    def identity(self, arm: tuple[str, ...], size: int, repeat: str) -> str:
        """The identity of the test set of one run."""
        return self.cells[arm, size][repeat].identity

    def name(self, arm: tuple[str, ...]) -> str:
        """An arm in words: its options; keys with their names."""
        return self._names.get(arm) or without_paths(named(self.factors, arm))

    @cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        """Without the folders of a machine; those that would share a name are numbered."""
        paths = {str(run.config.get("pretraining.path") or "") for run in self.runs}
        paths = {path for path in paths if "/" in path or "\\" in path}
        plain = {arm: without_paths(named(self.factors, arm), paths) for arm in self.arms}
        alike: dict[str, list[tuple[str, ...]]] = {}
        for arm, name in plain.items():
            alike.setdefault(name, []).append(arm)
        return {
            arm: f"{name} ({alike[name].index(arm) + 1})" if len(alike[name]) > 1 else name
            for arm, name in plain.items()
        }

    def pairs(self, compare: Sequence[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Two arms that differ in one factor alone, one of `compare` (none: any factor).

        An arm that differs from each other one in several is compared with all, unless `compare`
        asks for a factor: a forest on texture and a network have little in common but the question.
        """
        every = [(one, other) for k, one in enumerate(self.arms) for other in self.arms[:k]]
        near = {pair: differ for pair in every if len(differ := self._differ(*pair)) == 1}
        if compare:
            return [pair for pair, (factor,) in near.items() if factor in compare]
        alone = {*self.arms} - {arm for pair in near for arm in pair}
        return [pair for pair in every if pair in near or alone & {*pair}]

    def _differ(self, one: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
        """The factors that tell two arms apart, of those that both have."""
        told = zip(self.factors, one, other, strict=True)
        return [f for f, a, b in told if a != b and "None" not in (a, b)]


def named(factors: Sequence[str], values: Sequence[str]) -> str:
    """An arm in words, by the values of some factors."""
    told = [
        _option(factor, value) if factor in groups() else f"{factor}={value}"
        for factor, value in zip(factors, values, strict=True)
        if value != "None"  # it has no such thing
    ]
    return ", ".join(told) or "all runs"


def _option(group: str, option: str) -> str:
    return f"no {group}" if option == "none" else option


def studies(runs: Iterable[Run], along: str | None) -> list[Study]:
    """The runs by question, those with the most runs first."""
    together = defaultdict(list)
    for run in runs:
        apart = {key: run.config.get(key) for key in APART}
        folds = run.config["split"] == "kfold"
        test = "folds" if folds else run.identity
        table = run.metrics.get("identity", {}).get("table")
        together[json.dumps([apart, test, table], sort_keys=True)].append(run)
    found = [_study(members, along) for members in together.values()]
    return sorted(found, key=lambda one: -sum(map(len, one.cells.values())))


def _study(runs: list[Run], along: str | None) -> Study:
    runs = with_ways(with_sources(runs))
    varied = _varied(runs)
    not_arms = {*IGNORED, *DESCRIBED, *REPEATS, *([along] if along in varied else ALONG)}
    options = [key for key in varied if key in groups() and key not in not_arms]
    factors = options + [
        key
        for key in varied
        if key not in not_arms and key not in options and not _follows(runs, key, options)
    ]
    together = defaultdict(list)
    for run in runs:
        arm = tuple(str(run.config.get(factor)) for factor in factors)
        size = _number(run, along) if along in varied else _size(run, runs)
        together[arm, size].append(run)
    # what some option lacks, such as augmentation.seed, tells no repeats apart
    keys = [key for key in REPEATS if any(key in _varied(cell) for cell in together.values())]
    cells: dict[tuple[tuple[str, ...], int], dict[str, Run]] = defaultdict(dict)
    twice = []
    for place, members in together.items():
        for run in members:
            repeat = json.dumps({key: run.config.get(key) for key in keys})
            other = cells[place].setdefault(repeat, run)
            if other is not run:
                twice.append(
                    f"{run.record.folder}: no key of the config tells it from {other.record.key}."
                )
    sizes = along if along in varied else ALONG[0]
    return Study(_title(runs[0]), factors, dict(cells), twice, sizes)


def _varied(runs: list[Run]) -> list[str]:
    """The keys that tell runs apart; that some runs have no use for an option does not."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    found = []
    for key in keys:
        values = {str(run.config.get(key)) for run in runs}
        if key.partition(".")[0] in TOLD:
            values = {str(run.config[key]) for run in runs if key in run.config}
        if len(values) > 1:
            found.append(key)
    return found


def _follows(runs: list[Run], key: str, options: list[str]) -> bool:
    """Whether the value of a key is given by the options, as pretraining.random by pretraining."""
    seen: dict[tuple[object, ...], str] = {}
    for run in runs:
        of = tuple(run.config.get(option) for option in options)
        if seen.setdefault(of, str(run.config.get(key))) != str(run.config.get(key)):
            return False
    return True


def _size(run: Run, runs: list[Run]) -> int:
    """Its training images; folds of all images differ by some and count as the largest."""
    n = run.config.get("sample_size.n")
    if isinstance(n, int):
        return n
    if run.config["split"] != "kfold":
        return run.size
    keys = ("sample_size", "sample_size.fraction")
    alike = [one for one in runs if all(one.config.get(k) == run.config.get(k) for k in keys)]
    return max(one.size for one in alike)


def _number(run: Run, key: str) -> int:
    value = run.config[key]
    if not isinstance(value, int):
        raise MedsmallError(f"along={key} is {value} in {run.record.folder}, not a whole number.")
    return value


def _title(run: Run) -> str:
    generated = " (generated)" if run.config["phantom"] else ""
    return f"{run.config['dataset']}{generated}"


def commonest_metric(runs: Sequence[Run]) -> str:
    """The headline metric of most runs."""
    headlines = Counter(run.headline for run in runs)
    return headlines.most_common(1)[0][0]
