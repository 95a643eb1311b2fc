"""How far a sweep is: ``python -m medsmall.status``, from any terminal."""

import os
import sys
import time
from pathlib import Path

from rich.live import Live

from medsmall.command import heed_terminal, one_sentence
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten
from medsmall.sweep.folder import SweepFolder
from medsmall.sweep.state import State
from medsmall.sweep.table import failures, table
from medsmall.terminal import console

HELP = """\
python -m medsmall.status [NAME] [FOLDER] [watch]

Shows the sweep begun last below an output folder (default: outputs, or MEDSMALL_OUTPUT), or the one
of that NAME: cells done, running, failed and left, the time left, the best arm by validation, and
why cells have failed. It reads the records: it works wherever the cells run.

  watch      stay, and show it anew every second until all cells are done

Examples:
  python -m medsmall.status
  python -m medsmall.status watch"""


def main() -> None:
    """The command."""
    quieten()
    with one_sentence():
        heed_terminal()
        words = sys.argv[1:]
        if {"-h", "--help"} & {*words}:
            print(HELP)
            return
        state = State.of(_asked([word for word in words if word != "watch"]))
        if "watch" in words:
            with Live(table(state), console=console, auto_refresh=False) as live:
                while state.left:
                    time.sleep(1)
                    state.look()
                    live.update(table(state), refresh=True)
        else:
            console.print(table(state))
        for sentence in failures(state):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _asked(words: list[str]) -> SweepFolder:
    if unknown := [word for word in words if word.startswith("-") or "=" in word]:
        raise MedsmallError(f"There is no option {unknown[0]}: --help shows what there is.")
    folders = [word for word in words if (Path(word).expanduser() / "sweeps").is_dir()]
    names = [word for word in words if word not in folders]
    if places := [name for name in names if os.sep in name or Path(name).is_dir()]:
        raise MedsmallError(f"No sweep has begun in {Path(places[0]).absolute()}: name another.")
    if len(folders) > 1 or len(names) > 1:
        raise MedsmallError("One sweep is shown at a time: give one name, and one folder.")
    root = folders[0] if folders else os.environ.get("MEDSMALL_OUTPUT", "outputs")
    return SweepFolder(root, names[0]) if names else SweepFolder.last(root)


if __name__ == "__main__":
    main()
