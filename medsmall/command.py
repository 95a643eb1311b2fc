"""What the commands share: a config from the command line, and one sentence per mistake."""

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from medsmall.configs import compose, composed_by_hydra, config_dir, explain, quoted, refused
from medsmall.configs.overrides import sweeps_nothing
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.help import help_text
from medsmall.quiet import quieten
from medsmall.terminal import show_what_can_be

OPTIONS = (
    "--help", "-h", "--hydra-help", "--version", "--cfg", "--resolve", "--multirun", "-m", "--run",
    "-r", "--info", "-i", "--package", "-p", "--shell-completion", "-sc",
)  # fmt: skip
SWEEP = ("-m", "--multirun")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class FailedCellError(Exception):
    """A failed cell of a sweep, already reported; the other cells still run."""


def as_command(
    work: Callable[[DictConfig], float | None], about: str, examples: str, sweeper: str = "basic"
) -> Callable[[], None]:
    """A command that does `work` on the config of its command line; in a sweep, for each cell.

    What the work returns is what a search (hydra/sweeper=optuna) goes by.

    Cells are swept by the `sweeper`, an option of conf/hydra/sweeper, unless another is named.

    Its --help shows `about` and the `examples`. A mistake that the user can correct is one sentence
    on stderr and exit status 2. In a sweep the sentence is printed at once and the other cells run.
    """

    @hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="train")
    def cell(cfg: DictConfig) -> float | None:
        quieten()
        hydra_config = HydraConfig.get()
        os.chdir(hydra_config.runtime.cwd)  # a worker of a Ray cluster is where Ray was started
        sweep = hydra_config.mode == RunMode.MULTIRUN
        with one_sentence(f"[{', '.join(hydra_config.overrides.task)}] " if sweep else ""):
            return work(composed_by_hydra(cfg))

    def command() -> None:
        quieten()
        os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands errors over instead of printing them
        _say_a_failure_once()
        with one_sentence():
            heed_terminal()
            written = [quoted(argument) for argument in sys.argv[1:]]
            sys.argv[1:] = sorted(written, key=lambda one: one not in SWEEP)  # argparse wants it so
            if {"-h", "--help"} & set(sys.argv[1:]):
                print(help_text(about, examples))
                return
            if not _answered(sys.argv[1:]):
                if {*SWEEP} & {*sys.argv} and not _names(sys.argv, "hydra/sweeper"):
                    sys.argv.append(f"hydra/sweeper={sweeper}")
                cell()

    return command


def _names(words: list[str], group: str) -> bool:
    return any(word.lstrip("+").startswith(f"{group}=") for word in words)


def heed_terminal() -> None:
    """Treat requests to end as Ctrl-C, and print only what the terminal can show.

    An ignored signal stays ignored, as nohup wants.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    show_what_can_be()


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _answered(arguments: list[str]) -> bool:
    """Answer options that Hydra would answer in its own way; else False."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in ("--version", "--resolve"):
        parser.add_argument(flag, action="store_true")
    for short, option in (
        ("-cn", "--config-name"),
        ("-cp", "--config-path"),
        ("-cd", "--config-dir"),
    ):
        parser.add_argument(option, short, nargs="?", const="")
    parser.add_argument("--cfg", "-c", nargs="?", const="")
    parser.add_argument("--package", "-p", nargs="?", const="")
    parser.add_argument("--experimental-rerun", nargs="?", const="")
    given, rest = parser.parse_known_args(arguments)
    if given.version:
        print(f"medsmall {version('medsmall')}")
        return True
    if any(one is not None for one in (given.config_name, given.config_path, given.config_dir)):
        raise MedsmallError(
            "The root config is always conf/train.yaml: choose with group=option, and put your "
            "own options into ./conf or the folder that MEDSMALL_CONF names."
        )
    if given.experimental_rerun is not None:
        raise MedsmallError("Pickled configs are not run: start the command of the run again.")
    if given.resolve and not given.cfg:
        raise MedsmallError("--resolve needs --cfg job, which shows the config.")
    options = [argument.partition("=")[0] for argument in rest if argument.startswith("-")]
    for option in options:
        if not any(known.startswith(option) for known in OPTIONS):
            raise MedsmallError(f"There is no option {option}{did_you_mean(option, OPTIONS)}.")
    if empty := [one for one in rest if {*SWEEP} & {*rest} and sweeps_nothing(one)]:
        raise MedsmallError(f"{empty[0]} has no value to sweep over: give at least one.")
    if given.cfg not in (None, "job", "hydra", "all"):
        raise MedsmallError("--cfg needs the part to show: write --cfg job.")
    if len({*SWEEP, "-r", "--run", "-i", "--info"} & {*options}) + bool(given.cfg) > 1:
        raise MedsmallError("--cfg, --info, --run and -m each go alone: choose one of them.")
    if given.cfg != "job" or given.package is not None:
        return False
    cfg = compose([argument for argument in rest if not argument.startswith("-")])
    print(OmegaConf.to_yaml(cfg, resolve=given.resolve), end="")
    return True


def _say_a_failure_once() -> None:
    """Hydra announces each failed cell with its overrides, which its sentence begins with."""
    hydras: Any = JobReturn.return_value

    def return_value(self: JobReturn) -> Any:
        if isinstance(self._return_value, FailedCellError):
            raise self._return_value
        return hydras.fget(self)

    if hydras.fget.__module__ != __name__:
        job: Any = JobReturn
        job.return_value = property(return_value, hydras.fset)


def by_words(work: Callable[[list[str]], object], about: str, alone: bool = False) -> None:
    """A command without a config: does `work` on the words of its command line.

    A number that the work returns is the exit status. --help shows `about`, and so do no words at
    all unless the command works `alone`. Mistakes are one sentence, as of `as_command`.
    """
    quieten()
    with one_sentence():
        heed_terminal()
        words = sys.argv[1:]
        if {"-h", "--help"} & {*words} or not (words or alone):
            print(about)
            return
        status = work(words)
        if isinstance(status, int) and status:
            sys.exit(status)


@contextmanager
def one_sentence(cell: str = "") -> Iterator[None]:
    """End the process with one sentence on an error that a user can correct, even a wrapped one.

    In the `cell` of a sweep the sentence begins with the cell, and a FailedCellError is raised. An
    interrupt ends the sweep, and prints its own text, or that nothing was kept.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if cell:
            raise
        what = str(interrupt) or "the unfinished run was not kept; the same command starts it again"
        print(f"Interrupted: {what}.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `--help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except FailedCellError:
        sys.exit(2)
    except Exception as error:
        sentence = mendable(error)
        if sentence is None:
            raise
        print(f"{cell}{sentence}", file=sys.stderr)
        if cell:
            raise FailedCellError(sentence) from None
        sys.exit(2)


def _exhausted(error: BaseException) -> str:
    """The device whose memory is exhausted; "" if none is. Torch need not be imported to tell."""
    of_torch = type(error).__module__.partition(".")[0] == "torch"
    if of_torch and type(error).__name__ == "OutOfMemoryError":
        return "GPU"
    if "CUDA error: out of memory" in str(error):
        return "GPU"
    on_cpu = isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    return "CPU" if on_cpu or isinstance(error, MemoryError) else ""


def mendable(error: BaseException | None) -> str | None:
    """The sentence for an error that a user can correct; None for a fault of the program."""
    first = error
    while error:
        if isinstance(error, MedsmallError):
            return str(error)
        if memory := _exhausted(error):
            return (
                f"Out of memory ({memory}): lower batch_size or image_size_px, or run fewer cells "
                "at once."
            )
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            where = f" {error.filename}" if error.filename else ""
            return f"A file{where} would exceed the size limit: raise ulimit -f."
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            place = error.filename2 or error.filename  # the target, where a file is copied
            where = f"of {place} " if place else ""
            return (
                f"A disk {where}is full ({error.strerror}): make room there, or set output_root "
                "and cache_root to folders elsewhere."
            )
        if isinstance(error, OSError) and error.filename is not None:
            return f"{error.filename}: {error.strerror}; name another folder or make room there."
        if isinstance(error, RuntimeError) and "home directory" in str(error):  # of ~name/...
            return "A path begins with ~ and an unknown user name: write the path out."
        if isinstance(error, RuntimeError) and 'Could not detect "srun"' in str(error):
            return (
                "There is no Slurm here: start the command on a login node of the cluster, or "
                "without one with hydra/launcher=cores."
            )
        error = error.__cause__
    return explain(first) if isinstance(first, Exception) and refused(first) else None
