"""The check of a config against the signatures that it is bound to."""

import pytest
from omegaconf import OmegaConf

from medsmall.configs import compose, config_dir
from medsmall.errors import MedsmallError
from medsmall.schema import ROOT, check


def checked(*overrides):
    return check(compose(list(overrides)))


def refusal(*overrides) -> str:
    with pytest.raises(MedsmallError) as error:
        checked(*overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_checked_config_is_resolved_and_plain():
    config = checked(
        "augmentation=paper", "image_size_px=96", "output_root=/somewhere", "logger=tensorboard",
        "strategy.thaw_at=[0.1,0.2]",
    )  # fmt: skip
    assert config["augmentation"]["image_size_px"] == 96
    assert config["logger"]["save_dir"] == "/somewhere/tensorboard"
    assert type(config) is dict
    assert type(config["strategy"]["thaw_at"]) is list


@pytest.mark.parametrize(
    "override",
    [
        "strategy.lr=1", "strategy.thaw_at=[0,0.5]", "num_workers=null", "num_workers=2",
        "dataset.targets=[Hernia]", "dataset.targets=null", "phantom=true", "select_by=last",
        "trainer.max_epochs=3", "trainer.gradient_clip_val=1", "seed=0", "seed=4294967295",
        "backbone.groups=null", "trainer.precision=16-mixed", "name=x", "++seed=3",
    ],
)  # fmt: skip
def test_values_of_the_right_type_pass(override):
    checked(override)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("strategy.lr=abc", "strategy.lr must be a number, but is 'abc'."),
        ("strategy.lr='1'", "strategy.lr must be a number, but is '1'."),
        ("strategy.lr=true", "strategy.lr must be a number, but is True."),
        ("strategy.lr=null", "strategy.lr must be a number, but is None."),
        ("strategy.lr=[1]", "strategy.lr must be a number, but is [1]."),
        (
            "strategy.thaw_at=x",
            "strategy.thaw_at must be a number or a list of a number, but is 'x'.",
        ),
        ("seed=1.5", "seed must be a whole number, but is 1.5."),
        ("seed=true", "seed must be a whole number, but is True."),
        ("seed='1'", "seed must be a whole number, but is '1'."),
        ("phantom=1", "phantom must be true or false, but is 1."),
        ("phantom=yes please", "phantom must be true or false, but is 'yes please'."),
        ("name=3", "name must be text, but is 3."),
        ("audit=3", "audit must be keys with values, but is 3."),
        ("num_workers=2.0", "num_workers must be a whole number or null, but is 2.0."),
        (
            "select_by=val_acc",
            "select_by must be one of val_loss, val_auroc, val_mae, last, but is 'val_acc'.",
        ),
        (
            "dataset.targets=Hernia",
            "dataset.targets must be a list of text or null, but is 'Hernia'.",
        ),
        ("dataset.targets=[1]", "dataset.targets must be a list of text or null, but is [1]."),
        (
            "dataset.missing_images=ignore",
            "dataset.missing_images must be one of error, drop, but is 'ignore'.",
        ),
        (
            "trainer.max_epochs=1.5",
            "trainer.max_epochs must be a whole number or null, but is 1.5.",
        ),
        ("image_size_px=3", "image_size_px must lie in [16, 10,000], but is 3."),
        ("batch_size=1", "batch_size must lie in [2, 10,000], but is 1."),
        ("num_workers=-1", "num_workers must be 0 or more, but is -1."),
        (
            "audit.drop=[near_duplicate]",
            "audit.drop cannot be 'near_duplicate' (did you mean 'near_duplicates'?): choose from "
            "identical_images and near_duplicates.",
        ),
        (
            "audit.drop=near_duplicates",
            "audit.drop is a list of checks: write audit.drop=[near_duplicates].",
        ),
        ("seed=-1", "seed must lie in [0, 2^32), but is -1."),
        ("seed=4294967296", "seed must lie in [0, 2^32), but is 4294967296."),
    ],
)
def test_a_value_of_a_wrong_type_or_out_of_range_is_one_sentence(override, sentence):
    assert refusal(override) == sentence


@pytest.mark.parametrize(
    ("override", "start"),
    [
        ("+strategy.alphaa=1", "There is no key 'strategy.alphaa' (did you mean 'alpha'?)"),
        ("trainer.precision=bf16-true", "trainer.precision must be one of 32-true, bf16-mixed"),
        ("+trainer.max_epoch=1", "There is no key 'trainer.max_epoch' (did you mean 'max_epochs'"),
        ("+batchsize=3", "There is no key 'batchsize' (did you mean 'batch_size'?)"),
        ("+strateg.lr=3", "There is no key 'strateg' (did you mean 'strategy'?)"),
    ],
)
def test_an_added_key_that_nothing_takes_is_answered_with_the_nearest(override, start):
    assert refusal(override).startswith(start)


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("data_root=${oc.env:NO_SUCH_VARIABLE}", "'NO_SUCH_VARIABLE' not found"),
        ("seed=${no_such_key}", "Interpolation key 'no_such_key' not found"),
        ("pretraining=file", "pretraining.path is not set and has no default: set it."),
        ("~batch_size", "The config has no 'batch_size': a run needs it."),
        ("~strategy", "The config has no 'strategy': a run needs it."),
    ],
)
def test_what_cannot_be_resolved_is_one_sentence(override, part):
    assert part in refusal(override)


def test_loggers_take_keywords_of_their_library():
    checked("logger=wandb", "+logger.notes=anything", "+logger.mode=offline")


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("medsmall.strategy.no_such.Thing", "no module 'medsmall.strategy.no_such' is installed"),
        ("no_such_package.module.Thing", "no module 'no_such_package.module' is installed"),
        ("medsmall.strategy.finetune_all.Thing", "defines no 'Thing'"),
        ("Thing", "no module '' is installed"),
    ],
)
def test_a_target_that_does_not_exist_is_named(target, part):
    assert part in refusal(f"strategy._target_={target}")


def test_the_keys_of_the_root_are_those_that_are_checked():
    root = OmegaConf.to_container(OmegaConf.load(config_dir() / "train.yaml"))
    assert set(root) - {"defaults", "hydra"} == set(ROOT.types)
    assert ROOT.words["num_workers"] == "a whole number or null"
    assert not ROOT.open_ended
