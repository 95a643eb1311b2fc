import json

import numpy as np
import pandas as pd
import pytest
from made_records import folds, sweep
from sklearn.metrics import average_precision_score, roc_auc_score

from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.ledger import read_runs, select
from medsmall.report.pooled import pooled
from medsmall.report.question import answer


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    folds(folder, {"none": 0.3, "imagenet": 1.5})
    return folder


def cell_of(root, arm):
    study = answer(Asked.of([str(root)])).study
    return [*study.cells[(arm,), study.sizes[0]].items()]


@pytest.mark.parametrize(
    ("metric", "other"), [("auroc", roc_auc_score), ("average_precision", average_precision_score)]
)
def test_it_is_the_score_of_all_predictions_together(root, metric, other):
    runs = select(read_runs([root])[0], {"pretraining": ["none"]})
    table = pd.concat([run.record.predictions for run in runs])
    score = pooled(cell_of(root, "none"), metric, ["Hernia"])
    assert score.value == pytest.approx(other(table["Hernia"], table["prob_Hernia"]))
    assert len(score.influence) == table["patient"].nunique()
    assert score.influence.sum() == pytest.approx(0, abs=1e-12)


def test_repeats_of_all_folds_are_averaged(root):
    one = cell_of(root, "none")
    again = [(json.dumps(json.loads(r) | {"seed": 7}), run) for r, run in cell_of(root, "imagenet")]
    values = [pooled(of, "auroc", ["Hernia"]).value for of in (one, again)]
    both = [(json.dumps(json.loads(r) | {"seed": 1}), run) for r, run in one] + again
    assert pooled(both, "auroc", ["Hernia"]).value == pytest.approx(np.mean(values))


def test_the_report_names_both_apart(root, capsys):
    report(Asked.of([str(root)]))
    out = capsys.readouterr().out
    for arm in ("none", "imagenet"):
        score = pooled(cell_of(root, arm), "auroc", ["Hernia"])
        assert f"AUROC of all folds pooled {score.value:.3f} [" in out
    assert "Verdicts are about the mean of folds." in out


def test_draws_have_nothing_to_pool(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5}, (50,), repeats=2)
    report(Asked.of([str(tmp_path)]))
    assert "pooled" not in capsys.readouterr().out
