"""The cells of a grid, identified one after the other: what each is, and whether it makes sense."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.contract import build, made
from medsmall.errors import MedsmallError
from medsmall.grid.composer import Composer
from medsmall.grid.expand import Words, varied
from medsmall.grid.rules import Rules
from medsmall.once import Once
from medsmall.sweep.folder import Cell
from medsmall.terminal import progress_bar
from medsmall.train import drawn, source_of
from medsmall.train import identify as resolve_drawn

if TYPE_CHECKING:
    from medsmall.case import Case, Source
    from medsmall.drawn import Drawn

# what two draws of one arm differ in
DRAWS = (
    "sample_size.n", "sample_size.fraction", "sample_size.repeat", "sample_size.seed", "seed",
    "augmentation.seed", "split.fold",
)  # fmt: skip


@dataclass
class Grid:
    """The identified cells of a sweep.

    Attributes:
        cells: all, in the order of their running.
        refused: the sentence about each cell that would fail, by its overrides.
        notices: what is worth knowing about them, one sentence each.
        unprepared: the data sets, by name and side in px, some of whose images are not prepared.
        same: how many cells were left out since they are the same run as another.
        first: the config of the first cell.
    """

    cells: list[Cell] = field(default_factory=list)
    refused: dict[Words, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    unprepared: set[tuple[str, int]] = field(default_factory=set)
    same: int = 0


Look = Callable[[Cell, "Drawn", "Case | None"], None]


def identify(
    cells: Sequence[Words], rules: Rules, once: Once, look: Look | None = None, decode: bool = True
) -> Grid:
    """The run of each of the `cells`.

    Images missing in the cache are decoded, or, without `decode`, the keys of their cells stay
    unknown. `look` is shown what each cell draws, and its case if that is known. MedsmallError if a
    config cannot be composed.
    """
    grid, composer, differing = Grid(), Composer(), varied(cells)
    keys = set[str]()
    with progress_bar() as bar:
        task = bar.add_task("Identifying the cells", total=len(cells), note="")
        for words in cells:
            cfg = composer(words, differing)
            arm = " ".join(word for word in words if word in differing and not _is_draw(word))
            told = " ".join(word for word in words if word in differing)
            name, left_out = str(cfg.name), rules.before(cfg)
            cell = Cell(words, told or name, name=name, arm=arm, left_out=left_out)
            if not left_out:
                cell = _identified(cell, cfg, rules, once, grid, look, decode)
            bar.advance(task)
            if cell.key in keys:
                grid.same += 1
                continue
            keys |= {cell.key} - {""}
            grid.cells.append(cell)
    grid.notices = list(dict.fromkeys(grid.notices))
    return grid


def _identified(
    cell: Cell,
    cfg: DictConfig,
    rules: Rules,
    once: Once,
    grid: Grid,
    look: Look | None,
    decode: bool,
) -> Cell:
    from medsmall.cache import NotPreparedError

    case: Case | None = None
    try:
        images = drawn(cfg, once)
        place = images.data.dataset.name, int(images.cfg.image_size_px)
        try:
            _check_source(images, source_of(images, once, decode), once)
            if place not in grid.unprepared:
                case = resolve_drawn(images, once, decode)
        except NotPreparedError as error:  # perhaps its upstream's
            grid.unprepared.add((error.dataset, place[1]))
    except MedsmallError as refusal:
        left_out = rules.after(cfg, refusal)
        if not left_out:
            grid.refused[cell.overrides] = str(refusal)
        return replace(cell, left_out=left_out)
    grid.notices += images.notices
    if look:
        look(cell, images, case)
    cell = replace(cell, n=int((images.draw["part"] == "train").sum()))
    if case is None:
        return cell
    upstream = case.source.upstream.key if case.source.upstream else ""
    return replace(cell, key=case.key, upstream=upstream)


def _check_source(of: "Drawn", source: "Source", once: Once) -> None:
    """MedsmallError if its initial weights have seen test patients, or cannot be had."""
    name, draw = of.data.dataset.name, of.draw
    test = set(draw.loc[draw["part"] == "test", "patient"])
    of_test = [source.fingerprint, source.allow_test_overlap, name, sorted(test)]
    once("overlap", of_test, lambda: source.refuse_overlap(name, test))
    config, cfg, upstream = of.config, of.cfg, source.upstream
    while True:
        asking = [config[key] for key in ("pretraining", "backbone", "learner")]
        if refusal := once("reach", asking, partial(_refusal, cfg)):
            raise refusal
        if upstream is None or upstream.record.done:
            return
        config, cfg, upstream = upstream.config, upstream.cfg, upstream.source.upstream


def _refusal(cfg: DictConfig) -> MedsmallError | None:
    """Why its weights cannot be had; asking a hub that does not answer takes seconds."""
    from medsmall.pretraining import Pretraining

    if "pretraining" not in build(cfg.learner).ignores:
        try:
            made(cfg.pretraining, Pretraining).reach(cfg)
        except MedsmallError as error:
            return error
    return None


def _is_draw(word: str) -> bool:
    return word.lstrip("+").partition("=")[0] in DRAWS
