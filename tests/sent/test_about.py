"""What is sent of a config: arms that differ are told apart, and no folder of this machine."""

import copy

import pytest
from made_records import FACTS
from small_run import HERNIA

from medsmall.configs import compose
from medsmall.report.paths import without_paths
from medsmall.schema import check
from medsmall.sent.about import about

FINDING = {**FACTS, "name": "a", "task": "binary", "dataset": "chestxray14"}
# without what is auto: a record has what was chosen
BASE = ["dataset=chestxray14", "dataset.targets=[Hernia]", "split=stratified",
        "sample_size=natural", "sample_size.n=50", "augmentation=chest_safe", "loss=bce",
        "trainer=cpu"]  # fmt: skip


def of(*overrides, **facts):
    config = check(compose([*BASE, *overrides]))
    return about("0" * 16, config, {**FINDING, **facts})


def test_an_ordinary_run_is_told_by_its_weights_and_its_way_of_fitting():
    assert of().arm == "imagenet, gradual_unfreezing"
    assert of("pretraining=none").arm == "no pretraining, gradual_unfreezing"
    assert of("learner=probe").arm == "imagenet, probe"
    assert of("learner=probe", "features=radiomics").arm == "radiomics, probe"
    assert of("learner=prior").arm == "prior"


ARMS = [
    [],
    ["pretraining=none"],
    ["pretraining=chexpert"],
    ["pretraining=upstream", "pretraining.dataset=mura"],
    ["pretraining=upstream", "pretraining.dataset=chexpert"],
    ["pretraining=file", "pretraining.path=/home/doe/a.pth"],
    ["pretraining=file", "pretraining.path=/home/doe/b.pth"],
    ["strategy=finetune_all"],
    ["strategy.lr=0.01"],
    ["strategy.lr=0.02"],
    ["learner=probe"],
    ["learner=ridge"],
    ["learner=probe", "features=radiomics"],
    ["backbone=densenet121"],
    ["augmentation=none"],
    ["augmentation=paper"],
    ["augmentation.rotation_deg=3"],
    ["loss=focal"],
    ["objective=mixup"],
    ["sampler=oversample"],
    ["schedule=cosine"],
    ["threshold=f1"],
    ["image_size_px=96"],
    ["trainer.max_epochs=3"],
    ["select_by=last"],
    ["+experiment=hernia_chexpert", "split=stratified", "sample_size=natural", "pretraining=none",
     "logger=none"],
]  # fmt: skip


def test_arms_that_differ_have_names_that_differ():
    names = [of(*arm).arm for arm in ARMS]
    assert len({*names}) == len(ARMS), sorted(names)


@pytest.mark.parametrize("arm", ARMS[::4])
@pytest.mark.parametrize(
    "repeat",
    [["sample_size.repeat=3"], ["sample_size.n=100"], ["seed=7"], ["num_workers=2"],
     ["output_root=/data/x"], ["dataset.root=/data/x"], ["logger=wandb"], ["split=kfold",
     "split.fold=2"]],
)  # fmt: skip
def test_draws_sizes_and_machines_make_no_arm(arm, repeat):
    assert of(*arm, *repeat).arm == of(*arm).arm


def test_a_setting_of_an_experiment_is_not_told_of_each_of_its_runs():
    name = of("+experiment=hernia_chexpert", "augmentation=paper", "logger=none").arm
    assert name == "chexpert, gradual_unfreezing, densenet121, paper"


def test_plain_columns_say_what_draws_differ_in():
    found = of("split=kfold", "split.fold=2", "sample_size.repeat=3").config
    plain = {"n": 50, "repeat": 3, "fold": 2, "seed": 45, "dataset": "chestxray14",
             "backbone": "efficientnet_lite0", "cell": "imagenet, gradual_unfreezing, n50",
             "record": f"runs/{'0' * 16}"}  # fmt: skip
    assert plain.items() <= found.items()
    assert of("sample_size=all").config["n"] == FINDING["n_train"]


PLACES = ["/home/Jane Doe/films", "C:\\Users\\Doe\\films", "~/films", "\\\\clinic\\share\\films",
          "/films"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_place_of_the_machine_is_sent(place):
    of_upstream = ["pretraining=upstream", "pretraining.dataset=mura",
                   f"pretraining.overrides=['dataset.root={place}/mura']"]  # fmt: skip
    for options in ([], of_upstream, ["pretraining=file", f"pretraining.path={place}/a.pth"]):
        cfg = compose([*BASE, *options])
        for key in ("data_root", "output_root", "cache_root"):
            cfg[key] = place
        config = copy.deepcopy(check(cfg))
        config["dataset"]["lists"] = f"{place}/lists.csv"  # of a data set of one's own
        config["backbone"]["weights_of_mine"] = f"{place}/b.pth"
        facts = {**FINDING, "pretraining": f"the file {place}/a.pth"}
        found = about("0" * 16, config, facts)
        text = repr(found)
        for part in ("Doe", "clinic", "Users", "films", "lists.csv", "/home"):
            assert part not in text
        assert "a.pth" in text


def test_names_with_a_slash_that_are_no_folders_stay():
    for name in ("hf-hub:OWNER/REPOSITORY", "paper/x", "https://example.org/a/b", "1/2", "a / b"):
        assert without_paths(name) == name


def test_a_small_run_is_described_from_what_its_files_hold(train_small):
    from medsmall.record import Record

    record = Record(train_small("trainer.max_epochs=1", base=HERNIA))
    found = about(record.key, record.config, record.metrics)
    assert found.config["weights"] == "random weights"
    assert found.tags[-1] == "phantom"
