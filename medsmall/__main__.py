"""The commands: ``medsmall COMMAND ...`` is the same as ``python -m medsmall.COMMAND ...``."""

import importlib
import sys
from importlib.metadata import version

from medsmall.command import one_sentence
from medsmall.errors import MedsmallError, did_you_mean

COMMANDS = {
    "init": ("medsmall.init", "look at your own images and describe them in ./conf/dataset"),
    "explore": ("medsmall.explore.__main__", "write one page about a data set"),
    "audit": ("medsmall.audit.__main__", "find mixed patients, copies and unreadable images"),
    "prepare": ("medsmall.prepare", "decode and resize all images once, ahead of the runs"),
    "lr": ("medsmall.lr", "look for a learning rate by the train images of a run"),
    "train": ("medsmall.train", "train and test a run, or with -m a sweep of runs"),
    "plan": ("medsmall.plan.__main__", "say what a sweep will cost and can tell"),
    "status": ("medsmall.status", "show how far a sweep is, from any terminal"),
    "send": ("medsmall.send", "send recorded runs to W&B, MLflow or TensorBoard"),
    "report": ("medsmall.report.__main__", "say what the recorded runs tell, with intervals"),
    "predict": ("medsmall.predict.__main__", "answer about new images with a recorded run"),
    "evaluate": ("medsmall.evaluate.__main__", "judge a run by its test, or by another data set"),
    "finalize": ("medsmall.finalize.__main__", "after a sweep, learn from all labelled images"),
    "export": ("medsmall.export.__main__", "a folder that answers without torch"),
}


def listing() -> str:
    """The commands, and how to begin."""
    lines = [
        "medsmall: small-data transfer learning on medical images",
        "",
        *(f"  medsmall {name:<8} {about}" for name, (_, about) in COMMANDS.items()),
        "",
        "Begin with your own images:  medsmall init images.csv   (or a folder of class folders)",
        "or with generated ones:      medsmall train             (a minute on two CPU cores)",
        "medsmall COMMAND --help lists the options of a command.",
    ]
    return "\n".join(lines)


def main() -> None:
    """The entry point: calls the command named first."""
    name, rest = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name in ("", "-h", "--help", "help"):
        print(listing())
        return
    if name == "--version":
        print(f"medsmall {version('medsmall')}")
        return
    with one_sentence():
        if name not in COMMANDS:
            raise MedsmallError(f"There is no command '{name}'{did_you_mean(name, COMMANDS)}.")
    sys.argv = [f"medsmall {name}", *rest]
    importlib.import_module(COMMANDS[name][0]).main()


if __name__ == "__main__":
    main()
