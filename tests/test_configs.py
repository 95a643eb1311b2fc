"""Every option of every group composes, resolves and binds; every mistake has its sentence."""

import inspect
import itertools
import re
import shlex
import sys

import pytest
from hydra import initialize_config_dir
from hydra.utils import get_object
from omegaconf import OmegaConf

from medsmall.configs import compose, config_dir, default_keys, groups, is_auto, options
from medsmall.contract import made
from medsmall.errors import MedsmallError
from medsmall.schema import check
from medsmall.strategy import Strategy
from medsmall.train import main

FILES = sorted(config_dir().rglob("*.yaml"))
NEEDED = {  # keys without a default
    "pretraining=file": ["pretraining.path=model.pth"],
    "pretraining=radimagenet": ["pretraining.path=ResNet50.pt"],
    "pretraining=upstream": ["pretraining.dataset=mura"],
    "loss=bce_pos_weight": ["loss.pos_weight=3"],
}


def every_option() -> list[list[str]]:
    """Command lines that have each option once: composing one takes as long as composing many."""
    ordinary = [group for group in groups() if group != "experiment"]
    rows = itertools.zip_longest(*([f"{g}={one}" for one in options(g)] for g in ordinary))
    chosen = [[option for option in row if option] for row in rows]
    return chosen + [[f"+experiment={one}"] for one in options("experiment")]


def assert_binds(node, path):
    if isinstance(node, dict):
        if "_target_" in node:
            target = get_object(node["_target_"])
            arguments = {k: v for k, v in node.items() if k != "_target_"}
            inspect.signature(target).bind(**arguments)
        for key, value in node.items():
            assert_binds(value, f"{path}.{key}")


@pytest.mark.parametrize("chosen", every_option(), ids=" ".join)
def test_every_option_composes_resolves_and_binds_to_its_target(chosen):
    needed = [override for option in chosen for override in NEEDED.get(option, [])]
    config = check(compose([*chosen, *needed]))
    assert_binds(config, "")
    for option in chosen:
        group, _, name = option.lstrip("+").partition("=")
        assert config["choices"][group] == ("cpu" if option == "trainer=auto" else name)
        if group != "experiment" and option != "logger=none" and not is_auto(name):
            assert "_target_" in config[group]


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_may_be_made_out_of_thin_air(experiment):
    config = check(compose([f"+experiment={experiment}", "phantom=true", "trainer.max_epochs=1"]))
    assert config["phantom"] is True
    assert config["trainer"]["max_epochs"] == 1
    assert config["name"].startswith(f"{experiment}-")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_file_begins_with_a_comment_and_only_experiments_and_launchers_are_global(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    of = file.relative_to(config_dir()).parts
    beyond = of[0] == "experiment" or "launcher" in of  # they set keys of other groups
    assert ("# @package _global_" in lines) == beyond
    if beyond:
        assert lines.pop(0) == "# @package _global_"
    assert re.match(r"# \S.{20,}", lines[0])


@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment_shows_its_command(experiment):
    text = (config_dir() / "experiment" / f"{experiment}.yaml").read_text()
    assert "\n# Labels: " in text  # what it spends of them
    commands = re.findall(r"python -m medsmall\.train(.*)", text.partition("defaults:")[0])
    assert commands
    for command in commands:
        words = shlex.split(command.split("`")[0])
        if "-m" not in words:  # a sweep is composed cell by cell
            check(compose(words or [f"+experiment={experiment}"]))


@pytest.mark.parametrize("group", [group for group in groups() if group != "experiment"])
def test_the_root_chooses_an_option_of_each_group(group):
    root = OmegaConf.load(config_dir() / "train.yaml")
    chosen = [entry[group] for entry in root.defaults if entry != "_self_" and group in entry]
    assert len(chosen) == 1
    assert chosen[0] in options(group)


def test_names_tell_experiment_pretraining_strategy_size_and_repeat():
    name = check(compose(["+experiment=hernia_chexpert", "sample_size.repeat=2"]))["name"]
    assert name == "hernia_chexpert-chexpert-gradual_unfreezing-n200-r2"


@pytest.mark.parametrize(
    ("overrides", "size"),
    [
        (["sample_size.n=50"], "n50"),
        (["sample_size.n=null", "sample_size.fraction=0.1"], "10%"),
        (["sample_size.n=null", "sample_size.fraction=0.005"], "0.5%"),
        (["sample_size=all"], "all"),
        (["sample_size=balanced", "sample_size.n=null"], "all"),
    ],
)
def test_the_size_is_a_word(overrides, size):
    assert check(compose(overrides))["choices"]["size"] == size


MISTAKES = {
    "strategy=gradual_unfreezin": "strategy has no option 'gradual_unfreezin' "
    "(did you mean 'gradual_unfreezing'?).",
    "backbone=vgg": f"backbone has no option 'vgg' (there are: {', '.join(options('backbone'))}); "
    "another network of timm is backbone.name=vgg.",
    "sample_size=100": "sample_size has no option '100' (did you mean sample_size.n=100?).",
    "sample_size=0.1": "sample_size has no option '0.1' (did you mean sample_size.fraction=0.1?).",
    "dataset=clinic": "dataset has no option 'clinic' "
    f"(there are: {', '.join(options('dataset'))}); "
    "python -m medsmall.init describes images of your own.",
    "+experiment=hernia_chexper": "experiment has no option 'hernia_chexper' "
    "(did you mean 'hernia_chexpert'?).",
    "experiment=hernia_chexpert": "An experiment is added, not replaced: "
    "write +experiment=<name> with a plus.",
    "strateg=finetune_all": "There is no key or group 'strateg' (did you mean 'strategy'?).",
    "sample_size.nn=5": "There is no key or group 'sample_size.nn' "
    "(did you mean 'sample_size.n'?).",
    "batchsize=3": "There is no key or group 'batchsize' (did you mean 'batch_size'?).",
    "~bach_size": "There is no key or group 'bach_size' (did you mean 'batch_size'?).",
    "trainer.max_epoch=3": "There is no key or group 'trainer.max_epoch' "
    "(did you mean 'trainer.max_epochs'?).",
    "dataset.uncertain=ones": "The chosen dataset has no key 'dataset.uncertain'; "
    "it belongs to chexpert (to sweep that beside others, see docs/sweeps.md).",
    "+seed=3": "'seed' exists already: write seed=... without a plus.",
    "+strategy=finetune_all": "'strategy' exists already: write strategy=... without a plus.",
    "logger=null": "A config group takes the name of one of its options, such as logger=none.",
    "seed = 3": "'seed = 3' cannot be read as an override: write key=value without spaces, "
    "and quote values with commas or brackets in the shell.",
    "dataset.targets=[Hernia": "'dataset.targets=[Hernia' cannot be read as an override: "
    "write key=value without spaces, and quote values with commas or brackets in the shell.",
    "~seed=3": "The config cannot be composed: Could not delete from config. "
    "The value of 'seed' is 42 and not 3.",
}


@pytest.mark.parametrize(("override", "sentence"), MISTAKES.items())
def test_a_mistake_is_one_sentence_with_the_nearest_name(override, sentence):
    with pytest.raises(MedsmallError) as error:
        compose([override])
    assert str(error.value) == sentence


def test_a_key_of_another_option_is_told_where_it_belongs():
    with pytest.raises(MedsmallError, match="it belongs to balanced"):
        compose(["sample_size=natural", "sample_size.positive_fraction=0.1"])


def test_an_object_that_refuses_its_values_is_told_by_its_class():
    cfg = compose(["~strategy.lr"])
    with pytest.raises(MedsmallError, match=r"GradualUnfreezing cannot be made .*'lr'"):
        made(cfg.strategy, Strategy)


def test_a_second_config_can_be_composed_inside_the_first():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        assert compose(["seed=1"]).seed == 1
        assert compose(["seed=2"]).seed == 2


def test_default_keys_are_those_one_may_override():
    keys = default_keys()
    assert {"seed", "strategy.lr", "sample_size.fraction", "dataset.uncertain.default"} <= set(keys)
    assert not any(key.startswith(("hydra", "experiment", "defaults")) for key in keys)
    assert "strategy._target_" not in keys


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A current folder with options of its own in conf/."""
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    (tmp_path / "conf" / "unrelated").mkdir()
    text = (config_dir() / "dataset" / "mura.yaml").read_text()
    (tmp_path / "conf" / "dataset" / "mine.yaml").write_text(f"{text}own_key: 1\n")
    return tmp_path


def test_options_of_ones_own_are_found_in_the_current_folder(own):
    assert compose(["dataset=mine"]).dataset.own_key == 1
    assert {"mine", "mura"} <= set(options("dataset"))
    assert "dataset.own_key" in default_keys()
    assert "unrelated" not in groups()
    with pytest.raises(MedsmallError, match="did you mean 'mine'"):
        compose(["dataset=mines"])
    with pytest.raises(MedsmallError, match="no key 'dataset.own_key'.*it belongs to mine"):
        compose(["dataset.own_key=2"])


def test_options_of_ones_own_are_found_in_the_folder_that_is_named(own, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "mine" not in options("dataset")
    for named in (own / "conf", "../conf"):
        monkeypatch.setenv("MEDSMALL_CONF", str(named))
        assert compose(["dataset=mine"]).dataset.own_key == 1


def test_an_option_of_the_same_name_is_the_shipped_one(own):
    (own / "conf" / "dataset" / "mura.yaml").write_text("mistaken: 1\n")
    assert "mistaken" not in compose(["dataset=mura"]).dataset
    assert options("dataset").count("mura") == 1


def test_a_file_that_is_no_yaml_is_one_sentence_with_its_line(own):
    broken = own / "conf" / "dataset" / "broken.yaml"
    broken.write_text("root: x\ntargets: [\n")
    with pytest.raises(MedsmallError) as error:
        compose(["dataset=broken"])
    assert str(error.value).startswith(f"{broken}, line 3, cannot be read as YAML")
    with pytest.raises(MedsmallError, match="did you mean 'seed'"):
        compose(["sed=1"])  # looking for the nearest name passes it over


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("folder", ["", "conf/dataset"])
def test_the_command_finds_them_too_and_says_nothing_where_there_are_none(
    own, folder, monkeypatch, capsys
):
    """Started in ''/ it has a conf/, in conf/dataset/ it has none."""
    option = "dataset=mura" if folder else "dataset=mine"
    monkeypatch.chdir(own / folder)
    monkeypatch.setattr(sys, "argv", ["medsmall-train", "--cfg", "job", option])
    main()
    shown = capsys.readouterr()
    assert shown.err == ""
    assert ("own_key: 1" in shown.out) == (not folder)


@pytest.mark.parametrize(
    ("overrides", "seed"),
    [([], 42), (["sample_size.repeat=2"], 44), (["sample_size.repeat=2", "seed=7"], 7)],
)
def test_each_repeat_has_a_training_seed_of_its_own_and_the_same_views(overrides, seed):
    cfg = compose(overrides)
    assert check(cfg)["seed"] == seed
    assert cfg.augmentation.seed == cfg.sample_size.seed == cfg.split.seed == 42


@pytest.mark.parametrize("experiment", options("experiment"))
def test_a_fraction_takes_the_place_of_the_n_of_an_experiment(experiment):
    config = check(compose([f"+experiment={experiment}", "sample_size.fraction=0.1"]))
    assert (config["sample_size"]["n"], config["sample_size"]["fraction"]) == (None, 0.1)


@pytest.mark.parametrize("option", ["natural", "balanced", "stratified", "all"])
def test_a_fraction_takes_the_place_of_n(option):
    plain = check(compose([f"sample_size={option}"]))["sample_size"]
    assert plain["n"] == (None if option == "all" else 200)
    cfg = compose([f"sample_size={option}", "sample_size.fraction=0.1"])
    assert check(cfg)["sample_size"]["n"] is None
    assert cfg.choices["size"] == "10%"
    both = check(compose([f"sample_size={option}", "sample_size.fraction=0.1", "sample_size.n=50"]))
    assert (both["sample_size"]["n"], both["sample_size"]["fraction"]) == (50, 0.1)  # refused later
