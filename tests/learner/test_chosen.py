"""A training ends with the weights of the chosen epoch."""

from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from medsmall.learner.lightning.chosen import ChosenEpoch, chosen_epoch

NAN = float("nan")


@pytest.mark.parametrize(
    ("select_by", "rises", "values", "chosen"),
    [
        ("val_loss", False, [3, 1, 2], 2),
        ("val_loss", False, [1, 1, 2], 1),
        ("val_auroc", True, [0.5, 0.9, 0.9], 2),
        ("val_auroc", True, [NAN, 0.2, NAN], 2),
        ("last", False, [1, 2, 3], 3),
    ],
)
def test_the_weights_are_those_of_the_chosen_epoch(select_by, rises, values, chosen):
    module = torch.nn.Linear(1, 1)
    choice, trainer = ChosenEpoch(select_by, rises), SimpleNamespace(callback_metrics={})
    for epoch, value in enumerate(values, 1):
        torch.nn.init.constant_(module.weight, epoch)
        trainer.callback_metrics[select_by] = torch.tensor(value)
        choice.on_train_epoch_end(trainer, module)
    choice.on_train_end(trainer, module)
    assert module.weight.item() == chosen
    history = pd.DataFrame({"epoch": range(1, 1 + len(values)), select_by: values})
    assert chosen_epoch(history, select_by, rises) == chosen
