"""TensorBoard: a folder of events for each run."""

import glob
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from medsmall.logger import About, Result
from medsmall.logger.charts import figure


class Tensorboard:
    """Events in `save_dir`/<experiment>/<name>-<key>; a run that is sent again is written anew."""

    def __init__(self, save_dir: str) -> None:
        if find_spec("tensorboard") is None:
            raise ModuleNotFoundError("tensorboard")
        self.root = Path(save_dir).expanduser()
        self.writer: Any = None
        self.about: About
        self.last = 0

    def start(self, about: About) -> None:
        """Open its folder, emptied: events would be added to those that are there."""
        from torch.utils.tensorboard import SummaryWriter

        for earlier in self.root.glob(f"*/*-{about.key}"):
            shutil.rmtree(earlier)
        self.about = about
        folder = self.root / _folder(about.experiment) / _folder(f"{about.name}-{about.key}")
        self.writer = SummaryWriter(str(folder))

    def epoch(self, row: dict[str, float]) -> None:
        """Scalars of an epoch."""
        self.last = int(row["epoch"])
        for name, value in row.items():
            self.writer.add_scalar(name, value, self.last)

    def result(self, result: Result) -> None:
        """Numbers beside the last epoch and, with the config, under HPARAMS; charts as pictures."""
        from torch.utils.tensorboard.summary import hparams

        for name, value in result.numbers.items():
            self.writer.add_scalar(name, value, self.last)
        config = {
            key: value if isinstance(value, int | float) else str(value)
            for key, value in self.about.columns.items()
        }
        overall = {k: v for k, v in result.numbers.items() if k.count("/") == 1}
        for summary in hparams(config, overall):
            self.writer.file_writer.add_summary(summary)
        lines = [f"**{name}**: {text}" for name, text in result.texts.items()]
        self.writer.add_text("about", "\n\n".join(lines), self.last)
        for chart in result.charts:
            self.writer.add_figure(chart.name, figure(chart), self.last)

    def end(self, complete: bool) -> str:
        """Close the files, and take the host out of their names."""
        self.writer.close()
        host = f".{socket.gethostname()}."
        for file in Path(self.writer.log_dir).glob(f"*{glob.escape(host)}*"):
            file.rename(file.with_name(file.name.replace(host, ".", 1)))
        return f"TensorBoard has it: tensorboard --logdir {self.root} shows it."


def _folder(name: str) -> str:
    """A name of one folder, whatever the run is called."""
    return name.replace("/", "_").replace("\\", "_")
