"""Train and test one run: ``python -m medsmall.train +experiment=hernia_chexpert``.

`train` is the whole experiment: `resolve` (in resolve.py) identifies the run of a config, and
`execute` trains it. Heavy imports are inside functions, so --help and a mistyped key are answered
at once.
"""

import gc
import json
import sys
import time
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from medsmall import once as sharing
from medsmall.command import as_command
from medsmall.configs import literal
from medsmall.contract import made
from medsmall.parts import FITTING, ignored
from medsmall.resolve import resolve

if TYPE_CHECKING:
    from medsmall.case import Case
    from medsmall.learner import Learner
    from medsmall.record import Record

FIRST_RUN = "+experiment=first_run"
EXAMPLES = """\
python -m medsmall.train
python -m medsmall.train dataset=pneumoniamnist phantom=true image_size_px=64
python -m medsmall.train +experiment=hernia_chexpert
python -m medsmall.train -m +experiment=first_run sample_size.n=50,100 sample_size.repeat=0,1,2"""


def train(cfg: DictConfig) -> "Record":
    """Train and test the run that `cfg` describes, unless its record exists.

    Raises MedsmallError for mistakes that the user can correct; a failed run leaves nothing on
    disk.
    """
    return execute(resolve(cfg))


def execute(case: "Case", wait: bool = True) -> "Record":
    """Train the run of a case, after its upstream's, unless they are recorded.

    Where another process is making one of them, wait for it, or raise BusyError.
    """
    from medsmall.batches.views import augmented_side
    from medsmall.learner import Learner
    from medsmall.pixels import open_images
    from medsmall.pretraining import Pretraining
    from medsmall.record import Record
    from medsmall.record.environment import tell_other_versions
    from medsmall.terminal import say

    record, source = case.record, case.source
    let_pass = source.refuse_overlap(case.dataset.name, case.patients("test"))
    let_pass += source.tell_overlap(case.dataset.name, case.patients("val"))
    tell_other_versions(record, source.record)
    if record.done:
        record.check()
        source.refuse_changed(made_before := Record.open(record.folder))
        metrics = made_before.metrics
        if (of := metrics.get("key", case.key)) != case.key:
            raise record.damaged("metrics.json", f"is that of the run {of}")
        notices = dict.fromkeys([*metrics["audit"], *let_pass])
        say(f"{case.name}: recorded already, not run again.")
        if case.cfg.logger:
            say("A record is sent to a logger with python -m medsmall.send.")
        for notice in notices:
            say(notice)
        return record

    learner = made(case.cfg.learner, Learner)
    if "pretraining" not in ignored(case.cfg, learner):
        made(case.cfg.pretraining, Pretraining).reach(case.cfg)
    side = augmented_side(case.augmentation, case.cfg.image_size_px, case.channels)
    known = [{k: case.config[k] for k in FITTING}, case.targets.names, str(case.targets.task), side]
    sharing.SHARED("fitting", known, lambda: learner.check(case.cfg, case.targets, side))
    if source.upstream is not None and not source.upstream.record.done:
        open_images(case)  # faults are found before an upstream is trained in vain
        try:
            execute(source.upstream, wait)
        except Exception as error:
            error.add_note(f"(In {source.name}, which is trained first.)")
            raise

    with record.writing(wait) as unmade:
        if unmade:
            make(case, learner, let_pass)
    return record


def make(case: "Case", learner: "Learner", let_pass: list[str]) -> None:
    """Learn from the draw, score its test images once, and fill the record.

    `let_pass` are sentences about what was allowed, for the record.
    """
    from medsmall import logger
    from medsmall.audit.provenance import as_text, learnt_from
    from medsmall.audit.seen import write_seen
    from medsmall.evaluation.prior_shift import Shares
    from medsmall.pixels import open_images
    from medsmall.record import scores
    from medsmall.record.environment import environment
    from medsmall.record.record import SCHEMA
    from medsmall.terminal import say, say_once
    from medsmall.threshold import Threshold

    started = time.monotonic()
    cfg, record, dataset, targets = case.cfg, case.record, case.dataset, case.targets
    for notice in case.notices:
        say_once(notice)
    say(str(case))
    if case.shows_each_once and cfg.choices.sampler != "none" and not case.sampler.between_features:
        say(f"sampler={cfg.choices.sampler} changes nothing: the drawn classes are equal.")
    if case.select_by != cfg.select_by and "select_by" not in learner.ignores:
        say(f"Validation {targets.too_few}.")
    config = OmegaConf.create(literal(case.config))
    record.write_text("config.yaml", OmegaConf.to_yaml(config, resolve=True))

    # images, decoded once for all runs; the leakage gate
    data, passed = open_images(case)
    for notice in (allowed := [*let_pass, *passed]):
        say(notice)
    record.write_csv("draw.csv", case.draw_shown())
    record.write("seen.npz", lambda path: write_seen(path, case.draw, data.prepared))

    # fit, then test with the epoch and thresholds chosen on validation
    loggers = []
    if cfg.logger:
        from medsmall.sent.about import about
        from medsmall.sent.result import result

        loggers = [logger.started(cfg, about(case.key, record.config, case.facts()))]
    with logger.closing(loggers):
        fitted = learner.fit(case, data, loggers)
        values = {part: fitted.predict(part) for part in ("val", "test")}
        shares = Shares(fitted.prevalence, case.population)
        rule = made(cfg.threshold, Threshold)
        results = scores.metrics(case.draw, case.table, dataset.unit, targets, values, rule, shares)

        # record
        record.write_csv("history.csv", fitted.history)
        thresholds = {name: of.get("threshold") for name, of in results["test"]["targets"].items()}
        for part, name in (("val", "val_predictions.csv"), ("test", "predictions.csv")):
            rows = (case.draw, case.table, dataset.unit, targets, part, values[part])
            record.write_csv(name, scores.predictions(*rows, thresholds, shares))
        own = learnt_from(dataset.name, case.key, case.draw, data.prepared)
        seen = [own, *case.source.seen()]
        told = {
            "seen": as_text(seen),
            "image_size_px": json.dumps(cfg.image_size_px),
            "resize": cfg.resize,
            "thresholds": json.dumps(thresholds),
        }
        learnt = {
            "schema": SCHEMA,
            "audit": allowed,
            "notices": list(case.notices),
            "epochs": len(fitted.history),
            "chosen_epoch": fitted.chosen_epoch,
            "initial_sha256": fitted.initial_sha256,
            "weights_sha256": fitted.save(record, told),
            "network": fitted.network,
            "channels": data.prepared.channels,
            "prevalence": scores.told(targets, shares),
        }
        record.write_json("metrics.json", {**case.facts(), **learnt, **results})
        seconds = round(time.monotonic() - started, 1)
        here = {**environment(), **fitted.machine, "seconds": seconds}
        record.write_json("environment.json", here)
        logger.send_result(loggers, lambda: result(record))


def main() -> None:
    """The command; its cells share common work."""
    # imports make a million objects that stay: to look for garbage among them takes a seventh of
    # the seconds before the first step
    gc.set_threshold(50_000)
    if not sys.argv[1:]:
        print(f"A first run on generated chest films ({FIRST_RUN}); --help lists other runs.")
        sys.argv.append(FIRST_RUN)

    as_command(
        cell, "Train and test a run; -m sweeps any group or key.", EXAMPLES, sweeper="grid"
    )()


def cell(cfg: DictConfig) -> float | None:
    """A run, or one of a sweep; returns its headline metric in validation, for a search."""
    hydra = HydraConfig.get()
    if hydra.sweeper._target_.endswith("GridSweeper") and hydra.mode == RunMode.MULTIRUN:
        from medsmall.sweep.cell import run_cell

        own = [word for word in hydra.overrides.task if not word.startswith("sweep.name=")]
        once = sharing.SHARED
        run_cell(cfg, own, lambda cfg: resolve(cfg, once), lambda case: execute(case, wait=False))
        return None
    case = resolve(cfg, sharing.SHARED)
    from medsmall.record.summary import headline, more_draws, show
    from medsmall.terminal import say

    try:
        show(record := execute(case))
    except KeyboardInterrupt:
        if case.record.done:
            raise KeyboardInterrupt(f"the run is complete, in {case.record.folder}") from None
        raise
    if hydra.mode != RunMode.MULTIRUN:
        say(f"Next (one run is noise): {more_draws(sys.argv[1:], case.cfg)}")
    return headline(record).value


if __name__ == "__main__":
    main()
