"""Loggers are ended with the run they belong to, and a failing one does not end the run."""

import numpy as np
import pandas as pd
import pytest

from medsmall.configs import compose
from medsmall.errors import MedsmallError
from medsmall.logger import About, closing, made_logger, replay, rows, send_result, started


class Listener:
    """Notes what it is told; `fails` is the method that does not work."""

    def __init__(self, fails=""):
        self.fails, self.heard = fails, []

    def _note(self, what, value):
        self.heard.append((what, value))
        if what == self.fails:
            raise ConnectionError("the line is\n dead.")

    def start(self, about):
        self._note("start", about)

    def epoch(self, row):
        self._note("epoch", row)

    def result(self, result):
        self._note("result", result)

    def end(self, complete):
        self._note("end", complete)
        return ""


def test_a_run_that_ends_completes_its_logger():
    listener = Listener()
    with closing([listener]):
        assert listener.heard == []
    assert listener.heard == [("end", True)]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_fails_ends_all_its_loggers_as_failed(error):
    listeners = [Listener(), Listener()]
    with pytest.raises(error), closing(listeners):
        raise error
    assert [one.heard for one in listeners] == [[("end", False)]] * 2


def test_each_epoch_is_sent_without_what_is_not_finite():
    listener = Listener()
    history = pd.DataFrame({"epoch": [1, 2], "val_loss": [0.5, np.nan], "lr_0": [np.inf, 0.25]})
    replay([listener], history)
    assert listener.heard == [
        ("epoch", {"epoch": 1, "val_loss": 0.5}),
        ("epoch", {"epoch": 2, "lr_0": 0.25}),
    ]
    assert list(rows(history)) == [row for _, row in listener.heard]


def test_of_an_epoch_what_is_no_number_is_left_out():
    """A head tells its settings in words, and a score may be undefined."""
    history = pd.DataFrame({"epoch": [1], "val_auroc": [None], "kind": ["forest"], "trees": [500]})
    assert list(rows(history)) == [{"epoch": 1.0, "trees": 500.0}]


def test_a_logger_that_fails_is_left_out_and_the_run_goes_on(capsys):
    broken, whole = Listener("epoch"), Listener()
    loggers = [broken, whole]
    with closing(loggers):
        replay(loggers, pd.DataFrame({"epoch": [1, 2]}))
        send_result(loggers, lambda: "result")
    assert broken.heard == [("epoch", {"epoch": 1}), ("end", False)]
    assert [what for what, _ in whole.heard] == ["epoch", "epoch", "result", "end"]
    told = capsys.readouterr().err
    assert told.startswith("Listener has stopped: the line is dead. The run goes on")


def test_a_result_that_cannot_be_made_leaves_the_run_alone(capsys):
    with closing(loggers := [Listener()]):
        send_result(loggers, lambda: 1 / 0)
    assert loggers == []
    assert "has stopped: division by zero" in capsys.readouterr().err


ABOUT = About("0" * 16, "a", "e", "arm", "n10", ["t"], {"arm": "arm", "config": {"loss": {"w": 1}}})


def test_columns_are_dotted_and_without_what_is_none():
    about = About("k", "a", "e", "arm", "n1", [], {"a": {"b": {"c": 1}, "d": None}, "e": "f"})
    assert about.columns == {"a.b.c": 1, "e": "f"}


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_logger_that_is_not_installed_names_the_extra_that_brings_it(name, monkeypatch):
    cfg = compose([f"logger={name}"])
    monkeypatch.setattr(f"medsmall.logger.{name}.find_spec", lambda name: None)
    with pytest.raises(MedsmallError, match=rf'pip install "medsmall\[{name}\]", or set logger'):
        made_logger(cfg)


def test_a_logger_that_cannot_start_is_one_sentence(tmp_path):
    pytest.importorskip("mlflow")
    (tmp_path / "file").touch()
    cfg = compose(["logger=mlflow", f"logger.tracking_uri=sqlite:///{tmp_path}/file/x.db"])
    with pytest.raises(MedsmallError, match="logger=mlflow cannot start: .*Set logger=none"):
        started(cfg, ABOUT)


def test_an_unfinished_logger_of_ones_own_is_refused():
    cfg = compose(["logger=tensorboard"])
    cfg.logger = {"_target_": "medsmall.split.kfold.KFold", "folds": 5, "seed": 1}
    with pytest.raises(MedsmallError):
        made_logger(cfg)
