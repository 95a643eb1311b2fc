"""The cells of a grid, identified one after the other: what each is, and whether it makes sense."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.contract import build, made
from medsmall.errors import MedsmallError
from medsmall.grid.composer import Composer
from medsmall.grid.expand import Words, varied
from medsmall.grid.interpolations import parsed_once
from medsmall.grid.rules import Rules
from medsmall.once import Once
from medsmall.record.key import SEEDS
from medsmall.resolve import Drawn, drawn, identified, source_of
from medsmall.sweep.folder import Cell
from medsmall.terminal import progress_bar

if TYPE_CHECKING:
    from medsmall.case import Case, Source

# what two draws of one arm differ in
DRAWS = (
    "sample_size.n", "sample_size.fraction", "sample_size.repeat", "sample_size.seed", "seed",
    "augmentation.seed", "split.fold", *SEEDS,
)  # fmt: skip


@dataclass
class Grid:
    """The identified cells of a sweep.

    Attributes:
        cells: all, in the order of their running.
        refused: the sentence about each cell that would fail, by its overrides.
        notices: what is worth knowing about them, one sentence each.
        unprepared: by data set and side in px, how many images of a draw are not prepared, at most.
        same: how many cells were left out since they are the same run as another.
    """

    cells: list[Cell] = field(default_factory=list)
    refused: dict[Words, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    unprepared: dict[tuple[str, int], int] = field(default_factory=dict)
    same: int = 0


Look = Callable[[Cell, Drawn, "Source | None", "Case | None"], None]


class Identifier:
    """Finds the run of each cell of a grid.

    Args:
        rules: by which cells are left out.
        once: shares work between cells.
        look: is shown each cell that can be run, what it draws, its initial weights and its case;
            the last two are None where they depend on images that are not prepared.
        decode: whether images missing in the cache are decoded, or keys stay unknown.
    """

    def __init__(
        self, rules: Rules, once: Once, look: Look | None = None, decode: bool = True
    ) -> None:
        self.rules, self.once, self.decode = rules, once, decode
        self.look: Look = look or (lambda *of: None)
        self.grid = Grid()
        self.unprepared_draws = set[str]()

    def identify(self, cells: Sequence[Words]) -> Grid:
        """The grid of the `cells`; MedsmallError if a config cannot be composed."""
        grid, composer, differing = self.grid, Composer(), varied(cells)
        keys = set[str]()
        with parsed_once(), progress_bar() as bar:
            task = bar.add_task("Identifying the cells", total=len(cells), note="")
            for words in cells:
                cfg = composer(words, differing)
                told = [word for word in words if word in differing]
                arm = " ".join(word for word in told if not _is_draw(word))
                cell = Cell(words, " ".join(told) or str(cfg.name), name=str(cfg.name), arm=arm)
                cell = self._identified(cell, cfg)
                bar.advance(task)
                if cell.key in keys:
                    grid.same += 1
                    continue
                keys |= {cell.key} - {""}
                grid.cells.append(cell)
        grid.notices = list(dict.fromkeys(grid.notices))
        return grid

    def _identified(self, cell: Cell, cfg: DictConfig) -> Cell:
        if left_out := self.rules.before(cfg):
            return replace(cell, left_out=left_out)
        try:
            images = drawn(cfg, self.once)
            source, case = self._weights_and_case(images)
        except MedsmallError as refusal:
            left_out = self.rules.after(cfg, refusal)
            if not left_out:
                self.grid.refused[cell.overrides] = str(refusal)
            return replace(cell, left_out=left_out)
        self.grid.notices += images.notices
        cell = replace(cell, n=int((images.draw["part"] == "train").sum()))
        self.look(cell, images, source, case)
        if case is None:
            return cell
        return replace(cell, key=case.key, upstreams=tuple(one.key for one in upstreams(source)))

    def _weights_and_case(self, images: Drawn) -> "tuple[Source | None, Case | None]":
        """Each None if it depends on images that are not prepared."""
        from medsmall.cache import NotPreparedError

        side = int(images.cfg.image_size_px)
        draw = json.dumps(images.decided_by, sort_keys=True)
        source: Source | None = None
        try:
            source = source_of(images, self.once, self.decode)
            _check_source(images, source, self.once)
            if draw not in self.unprepared_draws:
                return source, identified(images, self.once, self.decode)
        except NotPreparedError as error:
            known = self.grid.unprepared.get((error.dataset, side), 0)
            self.grid.unprepared[error.dataset, side] = max(known, error.images)
            if source is not None:
                self.unprepared_draws.add(draw)
        return source, None


def upstreams(source: "Source | None") -> "Iterator[Case]":
    """The runs that train the weights, the last training first."""
    while source is not None and source.upstream is not None:
        yield source.upstream
        source = source.upstream.source


def _check_source(of: Drawn, source: "Source", once: Once) -> None:
    """MedsmallError if its initial weights have seen test patients, or cannot be had."""
    name, draw = of.data.dataset.name, of.draw
    test = set(draw.loc[draw["part"] == "test", "patient"])
    of_test = [source.fingerprint, source.allow_test_overlap, name, sorted(test)]
    once("overlap", of_test, lambda: source.refuse_overlap(name, test))
    runs = [(of.config, of.cfg), *((one.config, one.cfg) for one in unmade(source))]
    for config, cfg in runs:
        asking = [config[key] for key in ("pretraining", "backbone", "learner")]
        if refusal := once("reach", asking, partial(_refusal, cfg)):
            raise refusal


def unmade(source: "Source | None") -> "Iterator[Case]":
    """The `upstreams` that have to be trained: those before the first one that is recorded."""
    return itertools.takewhile(lambda one: not one.record.done, upstreams(source))


def _refusal(cfg: DictConfig) -> MedsmallError | None:
    """Why its weights cannot be had; asking a hub that does not answer takes seconds."""
    from medsmall.parts import ignored
    from medsmall.pretraining import Pretraining

    if "pretraining" not in ignored(cfg, build(cfg.learner)):
        try:
            made(cfg.pretraining, Pretraining).reach(cfg)
        except MedsmallError as error:
            return error
    return None


def _is_draw(word: str) -> bool:
    return word.lstrip("+").partition("=")[0] in DRAWS
