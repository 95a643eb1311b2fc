"""An upstream on the data set of the run: apart from its patients by name, whatever the split."""

import shutil

import pandas as pd
import pytest
from omegaconf import open_dict
from small_run import HERNIA

from medsmall.configs import compose
from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.once import Once
from medsmall.pixels import open_images
from medsmall.pretraining.upstream import Upstream
from medsmall.resolve import resolve
from medsmall.train import execute

RUN = [
    *(one for one in HERNIA if not one.startswith(("image_size_px", "trainer", "split"))),
    "image_size_px=32", "trainer.max_epochs=1",
]  # fmt: skip
OTHERS = ["pretraining.targets=[Infiltration,Nodule]", "pretraining.start=none"]
BRIEF = "pretraining.overrides=['trainer.max_epochs=1']"
SPLITS = [
    ["split=official"],
    ["split=stratified"],
    ["split=by_patient", "split.seed=5"],
    ["split=kfold", "split.fold=2"],
]
ALL = {"train", "val", "test"}


def small(outputs, *overrides, base=RUN):
    """The config of a small run; an override replaces that of the same key."""
    given = {one.partition("=")[0] for one in overrides}
    kept = [one for one in base if one.partition("=")[0] not in given]
    return compose([*kept, *overrides, f"output_root={outputs}"])


def upstream_of(case):
    assert case.source.upstream is not None
    return case.source.upstream


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split[0])
@pytest.mark.parametrize("apart", ["test", "all"])
def test_it_sees_all_patients_but_those_of_the_run_by_every_split(outputs, split, apart):
    once = Once()
    words = [*split, "pretraining=chestxray13", *OTHERS, f"pretraining.apart={apart}"]
    case = resolve(small(outputs, *words), once)
    upstream = upstream_of(case)
    whole = case.dataset.table()
    away = case.patients("test") if apart == "test" else case.patients(*ALL)
    assert upstream.patients(*ALL) == set(whole["patient"]) - away
    assert len(away) > 5
    shared = upstream.patients("train", "val") & case.patients("train")
    assert bool(shared) == (apart == "test")
    assert case.source.refuse_overlap(case.dataset.name, case.patients("test")) == []
    told = [one for one in upstream.notices if "of the run that starts from here" in one]
    assert len(told) == 1
    assert f"the {len(away)} patients" in told[0]
    assert f"({whole['patient'].isin(away).sum()} images)" in told[0]

    careless = upstream.cfg.copy()  # without what is tested, its own split takes test patients
    with open_dict(careless):
        careless.without = []
    blind = resolve(careless, once)
    assert blind.patients("train", "val") & case.patients("test")
    assert blind.key != upstream.key


@pytest.mark.parametrize(
    ("words", "learnt"),
    [
        (["pretraining=chestxray13"], 13),
        (["pretraining=upstream", "pretraining.dataset=chestxray14"], 13),
        (["pretraining=chestxray13", "dataset=chest_xray", "dataset.targets=null"], 14),
        (["pretraining=chestxray13", "pretraining.targets=[Hernia]"], 1),
    ],
    ids=str,
)
def test_it_learns_the_targets_that_the_run_does_not_learn_unless_they_are_named(
    outputs, words, learnt
):
    split = "split=stratified" if "dataset=chest_xray" in words else "split=official"
    case = resolve(small(outputs, *words, "pretraining.start=none", split))
    targets = upstream_of(case).dataset.targets
    assert len(targets) == learnt
    assert ("Hernia" in targets) == (learnt != 13)


def test_all_sizes_and_repeats_share_one_and_each_fold_has_its_own(outputs):
    once = Once()

    def keys(*cells, apart="test"):
        words = ["pretraining=chestxray13", *OTHERS, f"pretraining.apart={apart}"]
        cases = [resolve(small(outputs, *words, *cell.split()), once) for cell in cells]
        assert len({case.key for case in cases}) == len(cells)
        return len({upstream_of(case).key for case in cases})

    sizes = [f"split=official sample_size.n={n} sample_size.repeat={r}" for n, r in
             ((10, 0), (10, 1), (12, 0))]  # fmt: skip
    assert keys(*sizes) == 1
    assert keys(*sizes, apart="all") == 3
    assert keys(*(f"split=kfold split.fold={fold}" for fold in range(2))) == 2


def test_another_data_set_s_is_resolved_once_for_a_sweep_over_folds_and_targets(
    outputs, monkeypatch
):
    once, asked, source = Once(), [], Upstream.source
    monkeypatch.setattr(
        Upstream, "source", lambda self, cfg, resolve: asked.append(0) or source(self, cfg, resolve)
    )
    words = ["pretraining=upstream", "pretraining.dataset=mura", "pretraining.start=none"]
    for cell in (["split.fold=0"], ["split.fold=1"], ["dataset.targets=[Nodule]"]):
        case = resolve(small(outputs, "split=kfold", *words, *cell), once)
        assert upstream_of(case).config["without"] == []
    assert len(asked) == 1


def test_it_reads_the_data_as_the_run_does_and_its_overrides_count_more(outputs, tmp_path):
    once = Once()
    case = resolve(small(outputs, "split=official", "pretraining=chestxray13", *OTHERS), once)
    root = tmp_path / "elsewhere"
    shutil.copytree(case.dataset.files.root, root)
    moved = ["phantom=false", f"dataset.root={root}", "dataset.missing_images=drop"]
    words = ["split=official", "pretraining=chestxray13", *OTHERS]
    upstream = upstream_of(resolve(small(outputs, *moved, *words), once))
    assert upstream.config["dataset"]["root"] == str(root)
    assert upstream.config["dataset"]["missing_images"] == "drop"
    assert upstream.draw.equals(upstream_of(case).draw)  # of the same films
    kept = "pretraining.overrides=['dataset.missing_images=error']"
    upstream = upstream_of(resolve(small(outputs, *moved, *words, kept), once))
    assert upstream.config["dataset"]["root"] == str(root)
    assert upstream.config["dataset"]["missing_images"] == "error"


def test_whoever_has_a_copy_of_an_image_of_the_run_is_left_out_too(outputs, tmp_path):
    case = resolve(small(outputs, "split=official", "pretraining=none"))
    films = tmp_path / "films"
    shutil.copytree(case.dataset.files.root, films)
    train, test = (case.draw[case.draw["part"] == part].iloc[0] for part in ("train", "test"))
    shutil.copy(films / test["image"], films / train["image"])
    words = ["split=official", "phantom=false", f"dataset.root={films}",
             "pretraining=chestxray13", *OTHERS]  # fmt: skip
    alone = upstream_of(resolve(small(tmp_path, *words)))
    assert train["patient"] in alone.patients(*ALL)
    apart = upstream_of(resolve(small(tmp_path, *words, "audit.drop=[identical_images]")))
    assert apart.config["audit"]["drop"] == ["identical_images"]
    assert alone.patients(*ALL) - apart.patients(*ALL) == {train["patient"]}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("pretraining=upstream", "pretraining.dataset is not set"),
        ("pretraining=upstream pretraining.dataset=mur", r"pretraining.dataset cannot be 'mur' "
         r"\(did you mean 'mura'\?\)"),
        ("pretraining=mura pretraining.start=imagnet", r"pretraining.start cannot be 'imagnet' "
         r"\(did you mean 'imagenet'\?\)"),
        ("pretraining=mura pretraining.start=none pretraining.overrides=['pretraining=none']",
         "pretraining=... beside pretraining.start=none: keep one"),
        ("pretraining=chexpert pretraining.targets=[Edem]", r"chexpert has no target 'Edem' "
         r"\(did you mean 'Edema'\?\)"),
        ("pretraining=chexpert pretraining.targets=[]", "targets is empty"),
        ("pretraining=chestxray13 pretraining.apart=some", "must be one of test, all"),
        ("without=[{split:{}}]", "An entry of without lacks .*: leave without=.."),
        ("without=[1]", "without must be a list of keys with values"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_before_any_data_are_made(tmp_path, words, sentence):
    with pytest.raises(MedsmallError, match=sentence) as refused:
        resolve(small(tmp_path, "split=official", *words.split()))
    assert "\n" not in str(refused.value)
    if "without" not in words:
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sample_size=all", "sample_size.n=null", "pretraining.apart=all"],
         r"chestxray14 has 0 of \d+ patients left .*set pretraining.apart=test"),
        (["dataset.targets=[Hernia]", "pretraining.targets=[]"], "is empty"),
        (["pretraining.targets=null", "dataset.targets=null", "sample_size=all",
          "sample_size.n=null"],
         "no target for the upstream that the run does not learn itself"),
    ],
)  # fmt: skip
def test_where_nothing_is_left_for_it_one_sentence_says_so(outputs, words, sentence):
    own = ["split=official", "pretraining=chestxray13", "pretraining.start=none"]
    given = {one.partition("=")[0] for one in words}
    error = MedsmallError if sentence == "is empty" else AbsentWeightsError  # a sweep goes on
    with pytest.raises(error, match=sentence):
        resolve(small(outputs, *own, *(o for o in OTHERS[:1] if "pretraining.targets" not in given),
                      *words))  # fmt: skip


def test_a_fault_of_it_says_that_it_is_not_the_run_s(outputs):
    words = ["pretraining=chestxray13", "pretraining.start=none", "pretraining.targets=[Edema]"]
    with pytest.raises(
        MedsmallError, match=r"target Edema.*\(In the chestxray14 upstream, which is"
    ):
        resolve(small(outputs, "split=official", *words, "pretraining.apart=all"))


def test_a_circle_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDSMALL_CONF", str(tmp_path / "conf"))
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    for name, other in (("hen", "egg"), ("egg", "hen")):
        (tmp_path / "conf" / "experiment" / f"{name}.yaml").write_text(
            "# @package _global_\n# One after the other.\ndefaults:\n"
            "  - override /dataset: mura\n  - override /sample_size: all\n"
            f"  - override /pretraining: mura\npretraining:\n  experiment: {other}\n"
        )
    words = ["pretraining=mura", "pretraining.experiment=hen"]
    with pytest.raises(MedsmallError, match="The upstream hen starts from itself, directly or thr"):
        resolve(small(tmp_path, "split=official", *words))


@pytest.mark.slow
def test_the_leakage_gate_passes_it_with_the_images_that_it_saw(outputs):
    """And refuses one that was trained without looking at the run."""
    words = ["split=stratified", "pretraining=chestxray13", *OTHERS, BRIEF]
    case = resolve(small(outputs, *words))
    record = execute(case)
    assert record.done
    assert record.metrics["audit"] == [one for one in record.metrics["audit"] if "val" in one]
    assert open_images(resolve(small(outputs, *words)))[1] == []
    careless = upstream_of(case).cfg.copy()
    with open_dict(careless):
        careless.without = []
    model = execute(resolve(careless)).model
    file = ["split=stratified", "pretraining=file", f"pretraining.path={model}"]
    with pytest.raises(MedsmallError, match="trained on chestxray14, on .* in the test split"):
        execute(resolve(small(outputs, *file)))


REAL = ["dataset.missing_images=drop", "dataset.targets=[Pneumonia]", "phantom=false"]


@pytest.fixture(scope="module")
def once():
    """Reading the table of 112,120 films takes seconds."""
    return Once()


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split[0])
@pytest.mark.parametrize("apart", ["test", "all"])
def test_no_patient_of_the_real_sample_is_shared(real_data, outputs, once, split, apart):
    words = ["pretraining=chestxray13", "pretraining.targets=[Infiltration]", *OTHERS[1:]]
    base = [one for one in RUN if "phantom" not in one]
    cfg = small(
        outputs / "real", *split, *words, *REAL, f"pretraining.apart={apart}",
        f"data_root={real_data}", base=base,
    )  # fmt: skip
    case = resolve(cfg, once)
    upstream = upstream_of(case)
    away = case.patients("test") if apart == "test" else case.patients(*ALL)
    assert len(away) > 20
    assert not upstream.patients(*ALL) & away
    there = case.table["patient"]
    assert upstream.patients(*ALL) == set(there) - away
    assert isinstance(there, pd.Series)
    assert case.source.refuse_overlap("chestxray14", case.patients("test")) == []


@pytest.mark.slow
@pytest.mark.parametrize("apart", ["test", "all"])
def test_the_leakage_gate_passes_the_real_sample(real_data, outputs, once, apart):
    """With all its images: none that the upstream saw looks like a test image of the run."""
    words = ["split=official", "pretraining=chestxray13", "pretraining.targets=[Infiltration]"]
    base = [one for one in RUN if "phantom" not in one]
    more = [*words, *OTHERS[1:], *REAL, BRIEF, f"pretraining.apart={apart}"]
    cfg = small(outputs / "real", *more, f"data_root={real_data}", base=base)
    case = resolve(cfg, once)
    record = execute(case)
    assert len(case.patients("test")) > 20
    assert not [one for one in record.metrics["audit"] if "test" in one]
    assert upstream_of(case).record.done
