"""What the recorded runs say: ``python -m medsmall.report``; nothing is run again."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from medsmall.command import by_words
from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.report.asked import Asked
from medsmall.report.files import listed, write
from medsmall.report.page.lead import lead
from medsmall.report.question import answer
from medsmall.report.shown import show, words_of
from medsmall.terminal import say

HELP = """\
python -m medsmall.report [FOLDER ...] [key=value ...]

Reads the records below output folders (default: outputs, or MEDSMALL_OUTPUT) and answers: a table
of arms and sample sizes with 95% intervals, verdicts on the arms; with five sizes over a factor of
8, learning curves and the images that a better arm saves. report.html shows all of it on one page.
For a manuscript: figures and tables, a methods section, the checklists CLAIM 2024 and TRIPOD+AI.
Nothing is run again.

  dataset=mine pretraining=none,imagenet   only these runs: any key or group of the config
  sweep=last                               only the runs of the last sweep, or of one by its name
  compare=pretraining                      verdicts on this factor alone (default: all that vary)
  along=sample_size.n                      the key that is the sample size
  target=Hernia                            one target (default: the mean over targets)
  metric=average_precision                 another metric (default: AUROC; numbers: MAE)
  margin=0.02                              differences below it are "equivalent"
  reach=0.9                                how many labelled images this score takes
  plan=5,10,20                             differences that so many repeats would find; without
                                           two arms add auroc=0.85 correlation=0.8 repeat_sd=0.02
  against=published                        those of Romero et al. 2020 beside yours (chestxray14)
  images=true                              thumbnails of mistakes on the page
  to=FOLDER                                where the files go (default: FOLDER/report)

Examples:
  python -m medsmall.report
  python -m medsmall.report outputs dataset=chestxray14 target=Hernia compare=pretraining
  python -m medsmall.report reach=0.9 plan=5,10"""


def report(asked: Asked) -> Path:
    """Print the answer and write its files; returns their folder."""
    found = answer(asked)
    for sentence in found.left_out:
        say(f"Left out: {sentence}")
    words = list(words_of(asked, found))
    show(found, words, lead(found))
    folder = asked.to or asked.roots[0] / "report"
    runs = {(root / "runs").absolute() for root in asked.roots}
    if (folder / "DONE").exists() or runs & {folder.absolute(), *folder.absolute().parents}:
        raise MedsmallError(f"to={folder} is for records of runs: name another folder.")
    write(asked, found, words, folder)
    return folder


def of_sweep(records: Sequence[Record], name: str) -> None:
    """Print what the runs of the sweep `name` tell, and write it beside them."""
    roots = list(dict.fromkeys(record.folder.parents[1] for record in records))
    keys = {record.key for record in records}
    try:
        folder = report(Asked(roots=roots, keys=keys))
    except (MedsmallError, OSError) as error:
        say(f"No report: {error}")
    else:
        there = shlex.join([*map(str, roots), f"sweep={name}"])
        say(
            f"Picture and tables: {folder} (the next report there overwrites them; to=... keeps it)"
        )
        say(f"Again: python -m medsmall.report {there}; without sweep=..., of all runs.")


def _written(words: list[str]) -> None:
    folder = report(Asked.of(words))
    files = [name for name in listed(folder) if "/" not in name]
    files += ["report.json", "figures/", "tables/"]
    say(f"Written: {folder.absolute()}/ {', '.join(files)}")


def main() -> None:
    """The command."""
    by_words(_written, HELP, alone=True)


if __name__ == "__main__":
    main()
