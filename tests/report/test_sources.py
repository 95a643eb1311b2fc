"""Sources that share an option are arms of their own, with names for people."""

import pytest
from made_records import config_of, write_record
from numpy.random import default_rng

from medsmall.record import Record
from medsmall.report.arms import studies
from medsmall.report.ledger import as_table, read_runs, select
from medsmall.task import Task

UPSTREAM = "pretraining=upstream"


@pytest.fixture
def arms(tmp_path):
    """The names of the arms of runs with these sources, each a few overrides; and the study."""

    def made(*sources: str):
        rng = default_rng(0)
        for k, source in enumerate(sources):
            for repeat in range(2):
                config = config_of(
                    "dataset=chestxray14", "split=official", "augmentation=none", "loss=bce",
                    "sample_size=natural", "dataset.targets=[Hernia]",
                    f"sample_size.repeat={repeat}", *source.split(),
                )  # fmt: skip
                labels = {part: (rng.random((20, 1)) < 0.5) * 1.0 for part in ("train", "val")}
                labels["test"] = default_rng(1).integers(0, 2, (40, 1)) * 1.0
                predicted = {part: rng.random(labels[part].shape) for part in ("val", "test")}
                write_record(
                    Record.of(str(tmp_path), f"{k}{repeat}".ljust(16, "0")), Task.BINARY,
                    ["Hernia"], labels, predicted, None, config, dataset="chestxray14",
                )  # fmt: skip
        runs, left_out = read_runs([tmp_path])
        assert left_out == []
        (study,) = studies(runs, None)
        assert study.twice == []
        return [study.name(arm) for arm in study.arms], study, runs

    return made


def test_two_data_sets_are_two_arms_beside_another_source(arms):
    mura, chest = (f"{UPSTREAM} pretraining.dataset={name}" for name in ("mura", "chest_xray"))
    names, study, runs = arms(mura, chest, "pretraining=imagenet", "pretraining=chexpert")
    assert names == ["chexpert", "imagenet", "upstream (chest_xray)", "upstream (mura)"]
    assert study.factors == ["pretraining"]
    assert len(study.pairs(["pretraining"])) == 6  # each with each
    (one, other) = select(runs, {"pretraining.dataset": ["mura"]})
    assert {one.config["pretraining"], other.config["pretraining"]} == {"upstream"}
    table = as_table(runs)
    assert table["pretraining.dataset"].value_counts().to_dict() == {"mura": 2, "chest_xray": 2}


def test_one_data_set_is_named_too(arms):
    names, _, _ = arms(f"{UPSTREAM} pretraining.dataset=mura", "pretraining=none")
    assert names == ["no pretraining", "upstream (mura)"]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["pretraining.apart=test", "pretraining.apart=all"], ["(apart=all)", "(apart=test)"]),
        (["pretraining.start=none", "pretraining.train_images=50"],
         ["(start=none)", "(train_images=50)"]),
        (["pretraining.targets=[Edema]", "pretraining.start=null"], ['(targets=["Edema"])', ""]),
    ],
)  # fmt: skip
def test_what_differs_in_one_option_is_told(arms, sources, names):
    found, study, _ = arms(*(f"pretraining=chestxray13 {source}" for source in sources))
    assert sorted(found) == sorted(f"chestxray13 {name}".strip() for name in names)
    assert len(study.pairs([])) == 1


def test_files_are_arms_beside_imagenet(arms):
    files = [f"pretraining=file pretraining.path={name}.pth" for name in "ab"]
    names, study, _ = arms(*files, "pretraining=imagenet")
    assert names == ["file (a.pth)", "file (b.pth)", "imagenet"]
    assert len(study.pairs(["pretraining"])) == 3
