"""The plan of a sweep: its cells, and what they need."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from medsmall import once as sharing
from medsmall.configs.machine import cores
from medsmall.grid.draws import with_draws
from medsmall.grid.expand import Words
from medsmall.grid.identify import Grid, Identifier, unmade
from medsmall.grid.rules import Rules
from medsmall.grid.sweep import name_of, settings
from medsmall.plan.probe import Job, Speed, probe
from medsmall.plan.tells import TestSet, test_set
from medsmall.sweep.cost import expected
from medsmall.sweep.folder import Cell, SweepFolder
from medsmall.sweep.state import State

if TYPE_CHECKING:
    from medsmall.case import Case, Source
    from medsmall.resolve import Drawn

LINE = 200  # bytes of an image in predictions.csv and val_predictions.csv
SEEN = 700  # bytes of an image in seen.npz
READ = 5  # images that are read to learn how long it takes


class Need(NamedTuple):
    """What a run needs: its name and train images, seconds, bytes on disk."""

    name: str
    n: int
    seconds: float
    bytes: float


@dataclass
class Plan:
    """What is known of a sweep before it runs.

    Attributes:
        state: its cells, and which of them are recorded.
        grid: the identified cells, with those that are left out or refused.
        needs: of each cell to be run, by its overrides.
        upstreams: of each run to be trained first, by its key.
        lacking: by data set and side in px, how many images are to be decoded, and the seconds.
        of_data: the data set of each cell, by its overrides.
        tests: the test set of each data set, by its name; see `medsmall.plan.tells.test_set`.
        folds: whether it is cross-validation.
        learned: of how many cells the seconds are learned from recorded cells of their arm.
    """

    state: State
    grid: Grid
    needs: dict[Words, Need]
    upstreams: dict[str, Need]
    lacking: dict[tuple[str, int], tuple[int, float]]
    of_data: dict[Words, str]
    tests: dict[str, TestSet | None]
    folds: bool
    learned: int

    @property
    def to_run(self) -> list[Cell]:
        """The cells without a record that would be run."""
        return [cell for cell in self.state.left if cell.overrides not in self.grid.refused]


@dataclass
class Looked:
    """What is noted of each cell while the grid is identified."""

    needs: dict[Words, Need] = field(default_factory=dict)
    upstreams: dict[str, Need] = field(default_factory=dict)
    of_data: dict[Words, str] = field(default_factory=dict)
    tests: dict[str, TestSet | None] = field(default_factory=dict)
    unknown: dict[tuple[str, int], tuple["Drawn", set[str]]] = field(default_factory=dict)
    featured: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # images
    folds: bool = False

    def __call__(
        self, cell: Cell, of: "Drawn", source: "Source | None", case: "Case | None"
    ) -> None:
        """Note what a cell needs."""
        dataset = of.data.dataset
        self.of_data[cell.overrides] = dataset.name
        self.folds |= of.cfg.choices.split == "kfold"
        if dataset.name not in self.tests:
            self.tests[dataset.name] = test_set(dataset.task, dataset.targets, of.draw)
        if case is None:
            place = dataset.name, int(of.cfg.image_size_px)
            self.unknown.setdefault(place, (of, set()))[1].update(of.draw["image"])
        if case is None or not case.record.done:
            job = Job.of_draw(of)
            weights = "none" if source is None else source.fingerprint
            seed = of.config["seed"] if weights == "none" else None  # each has a random network
            kept = self.featured[json.dumps([weights, seed, job.decided_by])]  # by earlier cells
            self.needs[cell.overrides] = _need(cell.name, job, kept)
            kept |= {*of.draw["image"]}
        for upstream in unmade(source):
            if upstream.key not in self.upstreams:
                self.upstreams[upstream.key] = _need(upstream.name, Job.of_case(upstream))


def plan(words: Sequence[Words]) -> Plan:
    """The plan of the cells with these overrides; nothing is trained, prepared or recorded."""
    once = sharing.SHARED
    asked, cfg, cells = settings(words)
    cells = with_draws(cells, asked, once)
    looked = Looked()
    grid = Identifier(Rules(asked.rules), once, looked, decode=False).identify(cells)
    folder = SweepFolder(cfg.output_root, asked.name or name_of(cfg, cells))
    state = State(folder, [cell for cell in grid.cells if not cell.left_out])
    state.look()
    state.failed = {}  # they will be tried again
    learned, sizes = 0, defaultdict[str, set[int]](set)
    for one in state.took:
        sizes[one.arm].add(one.n)
    for cell in state.left:
        # records of its arm tell better than a probe, unless they are all of one other size
        known = cell.n in sizes[cell.arm] or len(sizes[cell.arm]) > 1
        seconds = expected(state.took, cell.arm, cell.n) if known else None
        if cell.overrides in looked.needs and seconds is not None:
            looked.needs[cell.overrides] = looked.needs[cell.overrides]._replace(seconds=seconds)
            learned += 1
    lacking = {place: _decoding(*of) for place, of in looked.unknown.items()}
    return Plan(
        state, grid, looked.needs, looked.upstreams, lacking, looked.of_data, looked.tests,
        looked.folds, learned,
    )  # fmt: skip


def _need(name: str, job: Job, kept: Set[str] = frozenset()) -> Need:
    speed: Speed = sharing.SHARED("speed", job.decided_by, lambda: probe(job))
    train = int((job.draw["part"] == "train").sum())
    size = speed.bytes + LINE * (len(job.draw) - train) + SEEN * len(job.draw)
    return Need(name, train, speed.seconds(job, kept), float(size))


def _decoding(of: "Drawn", images: set[str]) -> tuple[int, float]:
    """How many of the images are missing in the cache, and the seconds to decode them here."""
    from medsmall.cache import NotPreparedError, prepare

    cfg, dataset, names = of.cfg, of.data.dataset, sorted(images)
    try:
        side, cache = cfg.image_size_px, Path(cfg.cache_root)
        prepare(dataset, names, side, cache, resize=cfg.resize, decode=False)
    except NotPreparedError as error:
        started = time.perf_counter()
        for name in names[:READ]:
            dataset.files.read(name)
        each = (time.perf_counter() - started) / min(READ, len(names))
        return error.images, error.images * each / cores()
    return 0, 0.0
