"""Look for a learning rate before a run: ``python -m medsmall.lr``, with the options of the run.

Trains one step at each of up to 120 rising rates, shows the loss, and suggests a rate. It sees
train images alone, and writes nothing into the records of runs.
"""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from medsmall.atomic import write_whole
from medsmall.command import as_command
from medsmall.errors import MedsmallError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from medsmall.learner.rate_range import RateRange


def work(cfg: DictConfig) -> None:
    """The range test of a run: a figure and a table in <output_root>/lr, and a suggestion."""
    from medsmall.contract import made
    from medsmall.learner import Learner
    from medsmall.learner.rate_range import rate_range
    from medsmall.pixels import open_images
    from medsmall.resolve import resolve
    from medsmall.terminal import say

    case = resolve(cfg)
    if "strategy" in made(case.cfg.learner, Learner).ignores:
        raise MedsmallError(
            f"learner={case.cfg.choices.learner} has no learning rate: set learner=network."
        )
    if case.source.upstream is not None and not case.source.upstream.record.done:
        raise MedsmallError(
            f"{case.source.name} has not been trained yet: run medsmall.train with the same words "
            "first, or set another pretraining."
        )
    data, notices = open_images(case)
    for sentence in (*case.notices, *notices, str(case)):
        say(sentence)
    found = rate_range(case, data)
    folder = Path(cfg.output_root) / "lr"
    folder.mkdir(parents=True, exist_ok=True)
    configured = case.config["strategy"].get("lr")  # a strategy may call its rates otherwise
    now = "a largest rate of " if configured is None else "strategy.lr="
    table, picture = (folder / f"{case.key}.{suffix}" for suffix in ("csv", "png"))
    write_whole(table, lambda path: found.steps.to_csv(path, index=False))
    write_whole(picture, lambda path: drawn(found, configured, case.name).savefig(path, dpi=150))
    say(
        f"Suggested: {now}{found.suggested:.1g}"
        f"{'' if configured is None else f' (now {configured:g})'}: a tenth of the rate at which"
        f" the train loss is lowest{', which is the highest tried' * found.at_end}."
    )
    if found.at_start:
        say("No rate lowered the train loss: do not take this one; look at the images and labels.")
    say(f"The loss at each rate: {picture} and {table.name} beside it.")
    if configured is not None:
        words = [word for word in sys.argv[1:] if not word.startswith("strategy.lr=")]
        command = shlex.join(["python", "-m", "medsmall.train", *words])
        say(f"Next: {command} strategy.lr={found.suggested:.1g}; choose between rates by val_loss.")


def drawn(found: "RateRange", configured: float | None, title: str) -> "Figure":
    """Loss against rate, with the suggested and the configured rate."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    steps = found.steps
    axes.plot(steps["rate"], steps["loss"], ".", color="#7F7F7F", ms=4, label="loss of a step")
    axes.plot(steps["rate"], steps["smoothed"], color="#0072B2", lw=2, label="smoothed")
    suggested = float(f"{found.suggested:.1g}")  # as it is told
    axes.axvline(suggested, color="#D55E00", label=f"suggested: {suggested:g}")
    if configured is not None:
        axes.axvline(configured, color="black", ls=":", label=f"configured: {configured:g}")
    low, high = steps["smoothed"].min(), steps["smoothed"].iloc[: len(steps) // 2].max()
    axes.set_ylim(0 if low >= 0 else None, 2 * high - min(low, high) / 2)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate (the largest of the strategy)")
    axes.set_ylabel("train loss")
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return figure


EXAMPLES = """\
python -m medsmall.lr dataset=chest_xray strategy=finetune_all
python -m medsmall.lr +experiment=first_run strategy=layer_decay"""

main = as_command(work, str(__doc__), EXAMPLES)

if __name__ == "__main__":
    main()
