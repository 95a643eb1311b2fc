"""Parts of a run keep the contract of their folder, and one that does not is told what it lacks."""

import pytest
from omegaconf import OmegaConf

from medsmall.augmentation import Augmentation
from medsmall.backbone import Backbone
from medsmall.configs import compose, config_dir, is_auto, options
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.features import Features
from medsmall.learner import Learner
from medsmall.loss import Loss
from medsmall.objective import Objective
from medsmall.pretraining import Pretraining
from medsmall.sample_size import SampleSize
from medsmall.sampler import Sampler
from medsmall.schedule import Schedule
from medsmall.split import Split
from medsmall.strategy import Strategy
from medsmall.threshold import Threshold

CONTRACTS = {
    "augmentation": Augmentation, "backbone": Backbone, "features": Features,
    "learner": Learner, "loss": Loss,
    "objective": Objective, "pretraining": Pretraining, "sample_size": SampleSize,
    "sampler": Sampler, "schedule": Schedule, "split": Split, "strategy": Strategy,
    "threshold": Threshold,
}  # fmt: skip
ROOT = compose([])
ASKING = {  # for more than their file holds
    "file": ["pretraining.path={file}"],
    "radimagenet": ["pretraining.path={file}"],
    "upstream": ["pretraining.dataset=mura"],
    "bce_pos_weight": ["loss.pos_weight=[3]"],
    "distribution": [],
    "scratch": ["pretraining=none"],
}
EVERY = [(group, option) for group in CONTRACTS for option in options(group) if not is_auto(option)]


@pytest.mark.parametrize(("group", "option"), EVERY)
def test_every_option_keeps_its_contract(group, option, tmp_path):
    (file := tmp_path / "model.pth").touch()
    if option in ASKING:
        words = [word.format(file=file) for word in ASKING[option]]
        whole = compose([f"{group}={option}", *words])
    else:  # quicker
        whole = OmegaConf.create(OmegaConf.to_container(ROOT))
        whole[group] = OmegaConf.load(config_dir() / group / f"{option}.yaml")
    made(whole[group], CONTRACTS[group])


class Half:
    """Has no `restarts`."""

    weight_decay = 0.0

    def stages(self, network):
        return []


def test_what_is_lacking_is_named(monkeypatch):
    import medsmall.strategy

    monkeypatch.setattr(medsmall.strategy, "Half", Half, raising=False)
    node = OmegaConf.create({"_target_": "medsmall.strategy.Half"})
    with pytest.raises(MedsmallError, match="has no restarts, required by medsmall.strategy.Stra"):
        made(node, Strategy)
