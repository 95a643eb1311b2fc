"""Loggers are ended with the run they belong to, and get finite numbers only."""

from types import SimpleNamespace

import pandas as pd
import pytest
from pytorch_lightning.loggers import CSVLogger, Logger

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.logger import closing, made_logger, open_loggers, replay, send_test


class Listener(Logger):
    """Notes what it is told; `finish` as W&B's run has it."""

    name, version = "listener", "0"

    def __init__(self, has_finish=True):
        super().__init__()
        self.ended, self.metrics = [], []
        finish = {"finish": lambda exit_code: self.ended.append(exit_code)} if has_finish else {}
        self._experiment = SimpleNamespace(**finish)

    @property
    def experiment(self):
        return self._experiment

    def log_metrics(self, metrics, step=None):
        self.metrics.append((step, metrics))

    def log_hyperparams(self, params, *args, **kwargs):
        pass

    def finalize(self, status):
        self.ended.append(status)


def test_a_run_that_ends_finishes_its_loggers_as_a_success():
    listener = Listener()
    with closing([listener]):
        assert listener.ended == []
    assert listener.ended == ["success", 0]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_fails_finishes_all_its_loggers_as_failed(error):
    listeners = [Listener(), Listener(has_finish=False)]
    with pytest.raises(error), closing(listeners):
        raise error
    assert listeners[0].ended == ["failed", 1]
    assert listeners[1].ended == ["failed"]


def test_no_logger_is_no_trouble():
    with closing([]):
        pass
    assert open_loggers(compose(["logger=none"])) == []


def test_replay_sends_each_epoch_as_a_step():
    listener = Listener()
    replay([listener], pd.DataFrame({"epoch": [1, 2], "val_loss": [0.5, 0.25]}))
    assert listener.metrics == [
        (1, {"epoch": 1, "val_loss": 0.5}),
        (2, {"epoch": 2, "val_loss": 0.25}),
    ]


TEST = {
    "n": 20,
    "loss": 0.5,
    "reasons": {},
    "mean": {"auroc": 0.75, "auroc_over": 1, "sensitivity": None, "reasons": {"sensitivity": "x"}},
    "targets": {
        "Hernia": {"auroc": None, "n": 20, "reasons": {"auroc": "no positive"}},
        "Edema": {"auroc": 0.75, "n": 20, "reasons": {}},
    },
}


def test_test_metrics_are_flat_numbers_and_undefined_ones_are_left_out():
    listener = Listener()
    send_test([listener], TEST)
    assert listener.metrics == [
        (
            None,
            {
                "test/n": 20.0,
                "test/loss": 0.5,
                "test/auroc": 0.75,
                "test/auroc_over": 1.0,
                "test/Hernia/n": 20.0,
                "test/Edema/auroc": 0.75,
                "test/Edema/n": 20.0,
            },
        )
    ]


def test_a_real_logger_takes_them(tmp_path):
    logger = CSVLogger(tmp_path, name="csv", version="0")
    with closing([logger]):
        send_test([logger], TEST)
    written = pd.read_csv(tmp_path / "csv" / "0" / "metrics.csv")
    assert written["test/Edema/auroc"].tolist() == [0.75]


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_logger_that_is_not_installed_names_the_extra_that_brings_it(name, monkeypatch):
    cfg = compose([f"logger={name}"])
    loggers = f"pytorch_lightning.loggers.{name}"
    there = {"tensorboard": "_TENSORBOARD_AVAILABLE", "mlflow": "_MLFLOW_AVAILABLE"}[name]
    monkeypatch.setattr(f"{loggers}.{there}", False)
    if name == "tensorboard":
        monkeypatch.setattr("lightning_fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
        monkeypatch.setattr("lightning_fabric.loggers.tensorboard._TENSORBOARDX_AVAILABLE", False)
    with pytest.raises(MedsmallError, match=rf'pip install "medsmall\[{name}\]", or set logger'):
        made_logger(cfg)
