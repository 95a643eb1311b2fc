"""What the commands share: a config from the command line, and one sentence where one is wrong."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from medsmall.configs import composed_by_hydra, config_dir, explain, refused
from medsmall.errors import MedsmallError
from medsmall.quiet import quieten

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def as_command(work: Callable[[DictConfig], None], about: str | None = None) -> Callable[[], None]:
    """A command that does `work` on the config of its command line; in a sweep, on each cell's.

    `about` stands above the options in its --help. What a user can mend is one sentence on stderr
    and exit status 2. In a sweep the sentence is said at once, the other cells are run, and Hydra
    raises the error at the end.
    """

    @hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="train")
    def cell(cfg: DictConfig) -> None:
        quieten()
        hydra_config = HydraConfig.get()
        sweep = hydra_config.mode == RunMode.MULTIRUN
        with one_sentence(f"[{', '.join(hydra_config.overrides.task)}] " if sweep else ""):
            work(composed_by_hydra(cfg))

    def command() -> None:
        os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands errors over instead of printing them
        signal.signal(signal.SIGTERM, _interrupt)  # what a run has begun is removed then, too
        if about and {"-h", "--help"} & set(sys.argv[1:]):
            print(about.strip(), end="\n\n")
            sys.argv += ["hydra.help.header='It takes the groups and keys of medsmall.train.'"]
        with one_sentence():
            cell()

    return command


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def one_sentence(cell: str = "") -> Iterator[None]:
    """End the process with one sentence on an error that a user can mend, whatever its wrapping.

    In the `cell` of a sweep the sentence begins with it and the error goes on.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(
            "Interrupted: nothing of the run was kept; the same command starts it again.",
            file=sys.stderr,
        )
        sys.exit(130)
    except BrokenPipeError:  # `--help | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sentence = mendable(error)
        if sentence is None:
            raise
        print(f"{cell}{sentence}", file=sys.stderr)
        if cell:
            raise
        sys.exit(2)


def mendable(error: BaseException | None) -> str | None:
    """The sentence for an error that a user can mend; None for a fault of the program."""
    first = error
    while error:
        if isinstance(error, MedsmallError):
            return str(error)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            where = f"of {error.filename} " if error.filename else ""
            return (
                f"A disk {where}is full ({error.strerror}): make room there, or set output_root "
                "and cache_root to folders elsewhere."
            )
        if isinstance(error, OSError) and error.filename is not None:
            return f"{error.filename}: {error.strerror}; name another folder or make room there."
        error = error.__cause__
    return explain(first) if isinstance(first, Exception) and refused(first) else None
