"""What a manuscript takes from records: each statement by the config and metrics it rests on."""

import json
import re
import shutil

import pandas as pd
import pytest
import yaml
from made_records import folds, sweep
from small_run import SMALL

from medsmall.record import Record, checksums
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.manuscript.checklists import CLAIM, TRIPOD_AI, claim, items, tripod_ai
from medsmall.report.manuscript.facts import Facts
from medsmall.report.manuscript.files import texts
from medsmall.report.manuscript.methods import methods
from medsmall.report.manuscript.phrases import PHRASES
from medsmall.report.manuscript.statements import STATEMENTS
from medsmall.report.paths import without_paths
from medsmall.report.question import answer

SKILLS = {"none": 0.2, "imagenet": 0.8}
ENVIRONMENT = {
    "python": "3.12.1", "platform": "Linux-6.1-of-a-host", "commit": "a" * 40, "device": "cpu",
    "cuda": None, "seconds": 61.0, "packages": {"medsmall": "0.1.0", "torch": "2.6.0"},
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    sweep(folder, SKILLS, repeats=3, test=80)
    return folder


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    sweep(folder, {"imagenet": 0.8}, sizes=(50,), repeats=1, test=80)
    return folder


@pytest.fixture
def one(tmp_path, single):
    """A copy of a single run that a test may change."""
    shutil.copytree(single / "runs", tmp_path / "runs")
    return tmp_path


@pytest.fixture
def own(tmp_path, root):
    """A copy of the sweep that a test may change."""
    shutil.copytree(root / "runs", tmp_path / "runs")
    return tmp_path


def of(folder, *words):
    return answer(Asked.of([str(folder), *words]))


def said(folder, *words):
    """The methods section in one line, without the marks of Markdown."""
    return re.sub(r"\\(?=\W)", "", " ".join(methods(of(folder, *words)).split()))


def change(folder, key, value, name="config.yaml", some=lambda record: True):
    """Set a dotted key in a file of some records of a folder; None: the key goes."""
    for run in sorted((folder / "runs").glob("[!.]*")):
        if not some(record := Record(run)):
            continue
        text = (run / name).read_text("utf-8") if (run / name).is_file() else "{}"
        whole = node = yaml.safe_load(text) if name.endswith("yaml") else json.loads(text)
        *path, last = key.split(".")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
        if value is None:
            del node[last]
        written = yaml.safe_dump(whole) if name.endswith("yaml") else json.dumps(whole)
        record.write_text(name, written)
        finish(record)


def finish(record):
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))


def with_draws(folder, twice=False):
    """Add draws with 40 patients of two images in each part; `twice`: one of them in two parts."""
    rows = [
        (f"secret_{part}_{k}.png", f"Name{part}{k // 2}", part)
        for part in ("train", "val", "test")
        for k in range(80)
    ]
    rows += [("secret_more.png", "Nametest0", "train")] * twice
    table = pd.DataFrame(rows, columns=["image", "patient", "part"]).assign(Hernia=0.0)
    for run in (folder / "runs").glob("[!.]*"):
        Record(run).write_csv("draw.csv", table)
        finish(Record(run))


# key of the config, its values, what the methods say of each
CHANGES = [
    ("image_size_px", {320: "resized to 320 × 320 pixels", 96: "resized to 96 × 96 pixels"}),
    ("resize", {"pad": "the rest filled with black", "crop": "the centre square"}),
    ("batch_size", {7: "batches of 7 images"}),
    ("trainer.max_epochs", {13: "for 13 epochs"}),
    ("trainer.gradient_clip_val", {0.7: "gradient clip val = 0.7"}),
    ("strategy.lr", {0.0123: "learning rate of 0.0123"}),
    ("strategy.weight_decay", {0.05: "AdamW (weight decay 0.05)"}),
    ("strategy.thaw_at", {0.2: "after each 0.2 of", "": ""}),
    ("strategy.alpha", {0.25: "0.25 times the rate"}),
    ("strategy.norm", {"frozen": "kept the statistics of the initial weights"}),
    ("schedule.warmup", {0.45: "first 45% of the steps"}),
    ("loss.weighted", {True: "binary cross-entropy per target (weighted)"}),
    ("split.test", {0.35: "test part (35%; shares of images)"}),
    ("split.seed", {77: "partition 77"}),
    ("split.stratify_by", {("Hernia", "sex"): "resembled the whole in Hernia, sex"}),
    ("sample_size.val", {40: "For tuning, 40 images"}),
    ("sample_size.oversample", {True: "some were drawn again"}),
    ("sample_size.seed", {5: "draws 5"}),
    ("backbone.name", {"resnet_x": "The network was resnet_x (name in the timm library)"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [(key, value, words) for key, of in CHANGES for value, words in of.items() if words],
)
def test_the_methods_follow_the_config(one, single, key, value, words):
    assert words not in said(single)
    change(one, key, [*value] if isinstance(value, tuple) else value)
    assert words in said(one)


def test_the_methods_follow_the_metrics(own):
    change(own, "select_by", "last", "metrics.json")
    change(own, "dropped", {"identical_images": {"train": 2, "val": 1}}, "metrics.json")
    change(own, "audit", ["p17 is in both parts"], "metrics.json")
    text = said(own)
    assert "The last epoch was kept" in text
    assert "copies were left out before the draw (3 identical images)" in text.casefold()
    assert "12 of 12 runs went on in spite of [to be filled in: which findings" in text
    assert "p17" not in text


def test_what_arms_differ_in_is_told_by_arm(own):
    text = said(own)
    assert (
        "2 arms were compared, which differed in pretraining (imagenet and no pretraining)" in text
    )
    weights = re.search(r"Initial weights differed between arms: (.*?)\. ", text)[1]
    assert "(imagenet) initial weights were those of a pretraining on ImageNet" in weights
    assert "(no pretraining) initial weights were random values" in weights
    assert "The network was tf_efficientnet_lite0" in text  # the same in all: no arm is named


def test_sizes_repeats_and_seeds_are_counted(root):
    text = said(root)
    assert "2 sizes (50 and 100 training images)" in text
    assert "smaller draws were parts of larger ones" in text
    assert "Draws were repeated 3 times, independently of each other" in text
    assert "training 42 to 44" in text
    assert "used 63 to 113 labelled images" in text
    assert "All arms had the same draws" not in text  # these records do not say so


def test_equal_draws_are_told_where_records_say_so(own):
    for size in (50, 100):
        for repeat in range(3):
            mine = f"-n{size}-r{repeat}-"
            change(
                own, "identity.draw", mine, "metrics.json",
                lambda record, mine=mine: mine in record.metrics["name"],
            )  # fmt: skip
    assert "All arms had the same draws, so comparisons were paired" in said(own)
    change(
        own,
        "identity.draw",
        "x",
        "metrics.json",
        lambda r: r.metrics["name"].startswith("none-n50-r0"),
    )
    assert "All arms had the same draws" not in said(own)


def test_patients_are_counted_and_never_named(own):
    with_draws(own)
    text = said(own)
    assert "The test part had 80 images (40 patients)" in text
    assert "No patient had images in more than one part." in text
    report(Asked.of([str(own), f"to={own / 'told'}"]))
    written = texts(of(own))
    assert len(written) == 3 + 4
    for name, content in written.items():
        assert (own / "told" / name).read_text("utf-8") == content
        assert not re.search(r"Name(train|val|test)|secret_|\.png", content), name
        assert str(own) not in content


def test_a_patient_in_two_parts_is_told(own):
    with_draws(own, twice=True)
    assert "Patients had images in more than one part [to be filled in" in said(own)


def test_environments_that_differ_are_all_told(own):
    for key, value in ENVIRONMENT.items():
        change(own, key, value, "environment.json")
    text = said(own)
    assert "medsmall 0.1.0 (commit aaaaaaaaa), torch 2.6.0 and Python 3.12.1" in text
    assert "computed on a CPU, under Linux; a run took 61 s (median)" in text
    assert "of-a-host" not in text

    def some(record):
        return record.metrics["name"].startswith("none")

    change(own, "packages.torch", "2.7.1", "environment.json", some)
    change(own, "device", "NVIDIA H100", "environment.json", some)
    change(own, "cuda", "12.4", "environment.json", some)
    text = said(own)
    assert "torch 2.6.0 (6 runs) and 2.7.1 (6 runs)" in text
    assert "a CPU (6 runs) and a GPU (NVIDIA H100) (6 runs)" in text


def test_without_an_environment_the_versions_are_left_to_people(root):
    assert "[to be filled in: versions of the software]" in said(root)


@pytest.mark.parametrize(
    ("gone", "name"),
    [
        ("identity", "metrics.json"), ("drawn_share", "metrics.json"), ("select_by", "config.yaml"),
        ("resize", "config.yaml"), ("threshold", "config.yaml"), ("sampler", "config.yaml"),
        ("features", "config.yaml"), ("schedule.warmup", "config.yaml"), ("seed", "config.yaml"),
        ("strategy.thaw_at", "config.yaml"), ("split.test", "config.yaml"),
        ("trainer", "config.yaml"), ("loss.weighted", "config.yaml"),
        ("augmentation", "config.yaml"), ("backbone.name", "config.yaml"),
        ("packages", "environment.json"), ("device", "environment.json"),
    ],
)  # fmt: skip
def test_an_older_record_that_lacks_something_is_no_fault(one, gone, name):
    for key, value in ENVIRONMENT.items():
        change(one, key, value, "environment.json")
    holds = gone.rpartition(".")[2]
    text = (next((one / "runs").glob("[!.]*")) / name).read_text("utf-8")
    if holds in text:
        change(one, gone, None, name)
    written = texts(of(one))
    assert "to be filled in" in written["methods.md"]
    assert "None" not in written["methods.md"]


def test_folds_are_told_as_folds(tmp_path):
    folds(tmp_path, {"none": 0.5, "imagenet": 1.5})
    text = said(tmp_path)
    assert "divided into 5 folds" in text
    assert "Each fold was the test part in turn" in text
    assert "1/K + 1/(K - 1)" in text
    assert "Arms were compared fold by fold" in text
    assert "Test images with each: Hernia in " in text
    assert re.search(r"Hernia in \d+ of 200\.", text)
    for run in (tmp_path / "runs").glob("*4-None*"):
        shutil.rmtree(run)
    assert "Only 4 of the 5 folds were tested" in said(tmp_path)


def test_intervals_and_tests_are_those_that_were_made(root, tmp_path):
    text = said(root)
    assert "as of readers and cases: Obuchowski and Rockette 1995" in text
    assert "Holm's method for all 2 comparisons" in text
    assert "1/K" not in text
    sweep(tmp_path, {"none": 0.5}, sizes=(50,), repeats=1, test=80)
    text = said(tmp_path)
    assert "intervals of single runs" in text
    assert "Obuchowski" not in text
    assert "No two arms were compared by a test" in text
    assert "One arm was examined" in text


def test_generated_images_are_never_told_as_patients(own):
    change(own, "phantom", True, "metrics.json")
    text = said(own)
    assert "The images were generated by the software" in text
    assert "the results say nothing about patients" in text


def test_weights_are_told_with_licence_and_address_but_no_path(own):
    change(own, "provenance", {
        "file": "/home/me/w.pth", "sha256": "f" * 64, "licence": "CC-BY-NC-4.0", "url": "https://w.org",
    }, "metrics.json", lambda record: record.metrics["name"].startswith("imagenet"))  # fmt: skip
    text = said(own)
    assert "(licence: CC-BY-NC-4.0, https://w.org, SHA-256 ffffffffffff)" in text
    assert "w.pth" not in text


def test_two_files_of_weights_have_two_names_without_their_folders(tmp_path):
    sweep(tmp_path, SKILLS, sizes=(50,), repeats=2, test=80)
    for arm in ("none", "imagenet"):

        def some(record, arm=arm):
            return record.metrics["name"].startswith(arm)

        change(tmp_path, "pretraining.path", f"/home/me {arm}/model.safetensors", some=some)
        change(tmp_path, "choices.pretraining", "file", some=some)
    found = of(tmp_path)
    study = Facts.of(found).study
    names = [study.name(arm) for arm in study.arms]
    assert names == ["file (model.safetensors) (1)", "file (model.safetensors) (2)"]
    for name, text in texts(found).items():
        assert "/home" not in text, name


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("file (/home/me/w.pth)", "file (w.pth)"), ("file (C:\\me\\w.pth)", "file (w.pth)"),
        ("~/nets/w.pth, x", "w.pth, x"), ("nets/me/w.pth", "w.pth"),
        ("file:///home/me/w.pth", "w.pth"), ("/home/of me/w.pth", "w.pth"),
        ("../nets/w.pth", "w.pth"), ("a/b", "a/b"),
        ("hf-hub:timm/vit", "hf-hub:timm/vit"), ("https://a.org/b/c", "https://a.org/b/c"),
        ("train / val", "train / val"),
    ],
)  # fmt: skip
def test_paths_are_cut_and_nothing_else(text, plain):
    assert without_paths(text) == plain


def test_a_class_of_ones_own_is_left_to_people(own):
    change(own, "loss._target_", "myloss.MyLoss")
    change(own, "loss.sharpness", 3)
    change(own, "choices.loss", "mine")
    assert "The loss was mine [to be filled in: what it is] (sharpness = 3)" in said(own)


def test_every_option_has_words():
    """Each class of conf/, so that a new option is not left without words."""
    from medsmall.configs.options import config_dir

    for group, words in PHRASES.items():
        for path in (config_dir() / group).glob("*.yaml"):
            target = yaml.safe_load(path.read_text("utf-8")).get("_target_", "")
            silent = ("NoSampler", "Supervised", "NetworkLearner", "RegressionLoss", "Upstream")
            assert target == "" or target.rpartition(".")[2] in {*words, *silent}, path


def test_checklists_have_every_item_once():
    assert [item.number for item in items(CLAIM)] == [str(k) for k in range(1, 45)]
    numbers = [item.number for item in items(TRIPOD_AI)]
    assert len(numbers) == len({*numbers}) == 52
    assert list(dict.fromkeys(re.match(r"\d+", one)[0] for one in numbers)) == [
        str(k) for k in range(1, 28)
    ]
    for item in [*items(CLAIM), *items(TRIPOD_AI)]:
        assert item.topic
        assert {*item.statements} <= STATEMENTS.keys()
        assert item.statements or item.left


def test_an_item_is_answered_by_records_or_left_to_people(root):
    found = of(root)
    for written, checklist in ((claim(found), CLAIM), (tripod_ai(found), TRIPOD_AI)):
        rows = re.findall(r"^\| (\d+[a-g]?) \| (.*?) \| (.*) \|$", written, re.M)
        assert [row[0] for row in rows] == [item.number for item in items(checklist)]
        for _, _, told in rows:
            assert told.startswith(("from the records: ", "to be filled in"))
    ethics = re.search(r"^\| 17 \|.*$", tripod_ai(found), re.M)[0]
    assert ethics.endswith("| to be filled in: committee, number, consent or waiver |")
    software = re.search(r"^\| 23 \|.*$", claim(found), re.M)[0]
    assert "from the records: The software was medsmall" in software


@pytest.mark.slow
def test_trained_runs_of_two_learners_are_told_as_they_were(train_small, tmp_path):
    """Each statement against the configs and draws of really trained records."""
    words = ["dataset=chestxray14", "split=stratified", "dataset.targets=[Hernia]",
             "sample_size=balanced", "sample_size.n=10", *SMALL]  # fmt: skip
    runs = [
        train_small(
            f"learner={learner}", f"sample_size.repeat={repeat}", base=words, output_root=tmp_path
        )
        for learner in ("network", "probe")
        for repeat in (0, 1)
    ]
    text = said(tmp_path)
    record = Record(runs[0])
    draw, config = record.draw, record.config
    test = draw[draw["part"] == "test"]
    assert (
        f"The test part had {len(test):,} images ({test['patient'].nunique():,} patients)" in text
    )
    assert "No patient had images in more than one part" in text
    assert "The images were generated by the software in the layout of chestxray14" in text
    epochs, batch = config["trainer"]["max_epochs"], config["batch_size"]
    assert f"for {epochs} epochs with batches of {batch} images" in text
    assert f"resized to {config['image_size_px']} × {config['image_size_px']} pixels" in text
    assert "rotation by up to 10°" in text
    assert "(probe) the model was logistic regression" in text
    assert "with a share of positives of 50%" in text
    assert "All arms had the same draws, so comparisons were paired" in text
    assert "The last epoch was kept" in text or "the last epoch was kept" in text
    assert f"torch {record.environment['packages']['torch']}" in text
    names = {*draw["patient"].astype(str)} | {*draw["image"]}
    for name, written in texts(of(tmp_path)).items():
        told = {*re.findall(r"[\w./-]+", written)}
        assert not {one for one in names & told if not one.isdigit()}, name
        assert str(tmp_path) not in (written)
