"""The search for a learning rate: what it suggests, leaves, and never looks at."""

import numpy as np
import pandas as pd
import pytest
from small_run import HERNIA

from medsmall import lr
from medsmall.batches.views import Views
from medsmall.configs import compose
from medsmall.learner import rate_range as tested
from medsmall.learner.rate_range import RateRange, rate_range
from medsmall.pixels import open_images
from medsmall.resolve import resolve


@pytest.fixture
def found(outputs, monkeypatch):
    """A range test whose val and test images cannot be looked at."""
    case = resolve(compose([*HERNIA, "strategy=discriminative", f"output_root={outputs}"]))
    data, _ = open_images(case)
    seen = set()
    original = Views.__getitem__

    def watched(views, batch):
        seen.update(part for part, of in data.parts.items() if of is views)
        return original(views, batch)

    monkeypatch.setattr(Views, "__getitem__", watched)
    monkeypatch.setattr(tested, "STEPS", 60)
    return rate_range(case, data), seen


def test_it_rises_to_rates_that_diverge_and_suggests_a_tenth_of_the_best(found):
    ranged, seen = found
    assert seen == {"train"}
    rates = ranged.steps["rate"]
    assert rates.iloc[0] == pytest.approx(1e-6)
    assert np.diff(np.log(rates)) == pytest.approx(np.log(1e6) / 59)
    best = rates[ranged.steps["smoothed"].argmin()]
    assert ranged.suggested == pytest.approx(best / 10)
    smoothed = ranged.steps["loss"].ewm(alpha=0.1).mean()
    assert ranged.steps["smoothed"].to_numpy() == pytest.approx(smoothed.to_numpy())


@pytest.mark.slow
def test_the_command_leaves_a_figure_and_a_table_and_no_record(commanded, tmp_path, monkeypatch):
    monkeypatch.setattr(tested, "STEPS", 20)
    words = [*HERNIA, f"output_root={tmp_path}"]
    status, out, err = commanded(lr.main, *words)
    assert status == 0, err
    assert "Suggested: strategy.lr=" in out + err
    (table,) = (tmp_path / "lr").glob("*.csv")
    assert list(pd.read_csv(table).columns) == ["rate", "loss", "smoothed"]
    assert table.with_suffix(".png").stat().st_size > 10_000
    assert not list((tmp_path / "runs").glob("*/DONE"))


def test_a_learner_without_a_rate_is_told(commanded, tmp_path):
    status, _, err = commanded(lr.main, *HERNIA, "learner=probe", f"output_root={tmp_path}")
    assert status == 2
    assert "learner=probe has no learning rate: set learner=network." in " ".join(err.split())


def test_the_figure_shows_all_of_it():
    steps = pd.DataFrame({"rate": [1e-4, 1e-3, 1e-2], "loss": [0.7, 0.4, 2.0],
                          "smoothed": [0.7, 0.5, 0.9]})  # fmt: skip
    (axes,) = lr.drawn(RateRange(steps, 1e-4, at_end=False), 1e-3, "title").axes
    assert axes.get_xscale() == "log"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["loss of a step", "smoothed", "suggested: 0.0001", "configured: 0.001"]


def test_a_strategy_may_call_its_rates_otherwise(commanded, tmp_path, monkeypatch):
    steps = pd.DataFrame({"rate": [1e-4, 1e-3], "loss": [0.7, 0.4], "smoothed": [0.7, 0.5]})
    monkeypatch.setattr(tested, "rate_range", lambda case, data: RateRange(steps, 1e-4, True))
    (tmp_path / "own_rates.py").write_text(
        "from medsmall.strategy.stage import Stage\n\n\n"
        "class OwnRates:\n"
        "    weight_decay, restarts = 0.0, False\n\n"
        "    def __init__(self, head_rate: float) -> None:\n"
        "        self.head_rate = head_rate\n\n"
        "    def stages(self, network):\n"
        "        return [Stage(0.0, [(network.head, self.head_rate)])]\n"
    )
    option = tmp_path / "conf/strategy/own_rates.yaml"
    option.parent.mkdir(parents=True)
    option.write_text("# Its own words.\n_target_: own_rates.OwnRates\nhead_rate: 0.01\n")
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path / "conf"))
    monkeypatch.syspath_prepend(tmp_path)
    status, out, err = commanded(lr.main, *HERNIA, "strategy=own_rates", f"output_root={tmp_path}")
    assert status == 0, err
    assert "Suggested: a largest rate of 0.0001: a tenth" in " ".join((out + err).split())
