"""history.csv: a row per epoch, with the metrics of validation and the rates really used."""

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from medsmall.learner.lightning.history import History
from medsmall.schedule.one_cycle import OneCycle
from medsmall.schedule.reduce_on_plateau import ReduceOnPlateau


class Line(pl.LightningModule):
    """Two groups of rates, and metrics that tell the epoch."""

    def __init__(self, schedule):
        super().__init__()
        self.a, self.b = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        self.schedule = schedule
        self.rates = []

    def training_step(self, batch, batch_idx):
        return self.b(self.a(batch)).square().mean()

    def on_before_optimizer_step(self, optimizer):
        self.rates.append([group["lr"] for group in optimizer.param_groups])

    def validation_step(self, batch, batch_idx):
        epoch = self.current_epoch
        self.log("train_loss", 10.0 + epoch)
        self.log("val_loss", [1.0, 3.0, 2.0][epoch])
        self.log("val_auroc", float("nan") if epoch == 1 else 0.5)

    def configure_optimizers(self):
        groups = [
            {"params": self.a.parameters(), "lr": 1e-3},
            {"params": self.b.parameters(), "lr": 1e-2},
        ]
        optimizer = torch.optim.AdamW(groups)
        return {"optimizer": optimizer, "lr_scheduler": self.schedule.configure(optimizer, 12)}


def fit(path, schedule):
    module = Line(schedule)
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        callbacks=[History(path)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    loader = DataLoader(torch.ones(4, 1), batch_size=1)
    trainer.fit(module, loader, DataLoader(torch.ones(1, 1)))
    return np.array(module.rates), pd.read_csv(path)


def test_there_is_a_row_per_epoch_with_the_validation_of_that_epoch(tmp_path):
    _, history = fit(tmp_path / "history.csv", OneCycle(0.3, 25.0, 1e4, True))
    assert list(history) == ["epoch", "train_loss", "val_loss", "val_auroc", "lr_0", "lr_1"]
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history["train_loss"].tolist() == [10, 11, 12]
    assert history["val_loss"].tolist() == [1, 3, 2]
    assert history["val_auroc"].isna().tolist() == [False, True, False]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize(
    "schedule", [OneCycle(0.3, 25.0, 1e4, True), ReduceOnPlateau(factor=0.1, tolerance=0.0)]
)
def test_rates_are_those_of_the_last_step_of_the_epoch(tmp_path, schedule):
    rates, history = fit(tmp_path / "history.csv", schedule)
    assert rates.shape == (12, 2)
    np.testing.assert_allclose(history[["lr_0", "lr_1"]], rates[3::4], rtol=1e-12)


def test_a_plateau_shows_in_the_epoch_after_it(tmp_path):
    _, history = fit(tmp_path / "history.csv", ReduceOnPlateau(factor=0.1, tolerance=0.0))
    assert history["lr_1"].tolist() == pytest.approx([1e-2, 1e-2, 1e-3])
