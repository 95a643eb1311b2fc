"""Progress of a training, with the time left."""

from typing import Any

import pytorch_lightning as pl
from rich.progress import Progress

from medsmall.quiet import quieten
from medsmall.terminal import progress_bar, say


class TrainingProgress(pl.Callback):
    """One bar over all steps of a run with the validation metrics as they move.

    If stderr is not a terminal, one line per epoch is printed instead.
    """

    def __init__(self) -> None:
        self.bar: Progress | None = None
        self.best = float("-inf")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Other processes of the training receive this by pickle, to be quiet as well."""
        self.__dict__.update(state)
        quieten()

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Show the bar, in the first process."""
        if not trainer.is_global_zero:
            return
        self.bar = progress_bar()
        self.bar.start()
        self.task = self.bar.add_task(
            "Training", total=int(trainer.estimated_stepping_batches), note=""
        )

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        """Move on."""
        if self.bar:
            self.bar.update(self.task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Show the epoch's validation metrics."""
        if not self.bar:
            return
        val = {name: float(value) for name, value in trainer.callback_metrics.items()}
        note = f"val loss {val['val_loss']:.3f}"
        auroc = val.get("val_auroc", float("nan"))
        if auroc == auroc:  # it is NaN where no target has both classes
            self.best = max(self.best, auroc)
            note += f", AUROC {auroc:.3f} (best {self.best:.3f})"
        if "val_mae" in val:
            note += f", mean absolute error {val['val_mae']:.3g}"
        epoch = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
        self.bar.update(self.task, description=f"Training, {epoch}", note=note)
        if self.bar.disable:
            say(f"{epoch}: {note}")

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Remove the bar."""
        self._stop()

    def on_exception(self, trainer: pl.Trainer, module: Any, exception: BaseException) -> None:
        """The same, to leave the terminal as it was."""
        self._stop()

    def _stop(self) -> None:
        if self.bar:
            self.bar.stop()
            self.bar = None  # a live display cannot travel to another process
