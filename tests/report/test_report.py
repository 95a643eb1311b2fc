"""From generated records to the answer that is read."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from made_records import config_of, folds, sweep, write_record
from sklearn.metrics import roc_auc_score

from medsmall.errors import MedsmallError
from medsmall.evaluation.comparison import Estimate
from medsmall.record import Record, checksums
from medsmall.report.__main__ import main, report
from medsmall.report.asked import Asked
from medsmall.report.ledger import read_runs, select
from medsmall.report.sentences import _advice
from medsmall.report.verdicts import Comparison
from medsmall.task import Task

SKILLS = {"none": 0.2, "imagenet": 0.8}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    sweep(folder, SKILLS)
    return folder


@pytest.fixture
def own(tmp_path, root):
    """A copy of the sweep that a test may change."""
    shutil.copytree(root / "runs", tmp_path / "runs")
    return tmp_path


def answer(capsys, *words):
    """What the report prints, its table, and its JSON."""
    capsys.readouterr()
    folder = report(Asked.of([str(word) for word in words]))
    said = capsys.readouterr()
    return said.out, said.err, json.loads((folder / "report.json").read_text())


def test_a_sweep_ends_in_sentences(root, capsys):
    out, err, found = answer(capsys, root)
    assert "Hernia in chestxray14: mean test AUROC with 95% intervals" in out
    for n in (50, 100):
        assert re.search(
            rf"At {n} training images, imagenet is better than no pretraining: AUROC is 0", out
        )
    assert "95% sure that all 2 plausible ranges of the sweep hold at once" in out
    assert "If you must pick one at 100 training images: " in out
    assert "16 recorded runs were scored on these test images" in out
    assert err == ""
    assert [row["verdict"] for row in found["verdicts"]] == ["worse", "worse"]  # none


def test_its_numbers_are_those_of_the_predictions(root, capsys):
    _, _, found = answer(capsys, root)
    runs, _ = read_runs([root])
    for row in found["scores"]:
        chosen = select(runs, {"pretraining": [row["pretraining"]],
                               "sample_size.n": [str(row["train_images"])]})  # fmt: skip
        tables = [run.record.predictions for run in chosen]
        aucs = [roc_auc_score(t["Hernia"], t["prob_Hernia"]) for t in tables]
        assert row["repeats"] == 4
        assert row["mean"] == pytest.approx(np.mean(aucs))
        assert row["sd_of_repeats"] == pytest.approx(np.std(aucs, ddof=1))
        assert row["low"] < row["mean"] < row["high"]
        assert row["labels"] == row["train_images"] + 13


def test_differences_are_paired_by_repeat(root, capsys):
    _, _, found = answer(capsys, root)
    runs, _ = read_runs([root])
    called = {"none": "no pretraining", "imagenet": "imagenet"}
    by = {
        (called[r.config["pretraining"]], r.size, r.config["sample_size.repeat"]):
        r.metrics["test"]["mean"]["auroc"] for r in runs
    }  # fmt: skip
    for row in found["verdicts"]:
        n = row["train_images"]
        pairs = [by[row["a"], n, r] - by[row["b"], n, r] for r in range(4)]
        assert row["difference"] == pytest.approx(np.mean(pairs))
        assert row["error"] >= np.std(pairs, ddof=1) / 2


def test_files_hold_every_number(figures, root, tmp_path, capsys):
    answer(capsys, root, f"to={tmp_path / 'there'}")
    made = {file.name for file in (tmp_path / "there").iterdir()}
    assert made == {
        "report.html", "scores.csv", "verdicts.csv", "report.json", "curve.png", "curve.svg",
        "curve.pdf", "figures", "tables", "methods.md", "checklist_claim.md",
        "checklist_tripod_ai.md",
    }  # fmt: skip
    scores = pd.read_csv(tmp_path / "there/scores.csv")
    assert len(scores) == 4
    assert scores[["mean", "low", "high"]].notna().all(axis=None)


def test_another_metric_target_and_margin(root, capsys):
    out, _, found = answer(capsys, root, "metric=sensitivity", "margin=0.9")
    assert "mean test sensitivity" in out
    assert {row["verdict"] for row in found["verdicts"]} == {"equivalent"}
    with pytest.raises(MedsmallError, match="no target Hernai .did you mean 'Hernia'"):
        answer(capsys, root, "target=Hernai")
    with pytest.raises(MedsmallError, match="no metric auc"):
        answer(capsys, root, "metric=auc")


def test_equal_arms_are_undecided_and_the_sentence_says_what_could_be_shown(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5, "imagenet": 0.5}, sizes=(50,))
    out, _, found = answer(capsys, tmp_path)
    (row,) = found["verdicts"]
    assert row["verdict"] == "undecided"
    half = (row["high"] - row["low"]) / 2
    assert "With 4 repeats and 30 test patients of the rarer class, a true difference below" in out
    assert f"below about {half:.3f} is mostly missed." in out
    assert "Undecided does not mean equal" in out


def test_selecting_runs(root, capsys):
    _, _, found = answer(capsys, root, "sample_size.n=50", "pretraining=none,imagenet")
    assert [row["train_images"] for row in found["scores"]] == [50, 50]
    _, _, found = answer(capsys, root, "pretraining=none")
    assert found["verdicts"] == []
    with pytest.raises(MedsmallError, match="No run has pretraining=mura: there is imagenet, none"):
        answer(capsys, root, "pretraining=mura")
    with pytest.raises(MedsmallError, match="No run has the key pretrainin .did you mean"):
        answer(capsys, root, "pretrainin=none")


def test_one_repeat_has_an_interval_but_no_verdict(root, capsys):
    out, _, found = answer(capsys, root, "sample_size.repeat=0")
    assert all(row["low"] is not None for row in found["scores"])
    assert (
        "no verdict on no pretraining and imagenet: one repeat says nothing about another draw"
        in out
    )
    assert {row["verdict"] for row in found["verdicts"]} == {None}


def test_a_run_in_two_folders_is_one(own, root, capsys):
    _, _, found = answer(capsys, root, own)
    assert len(found["records"]) == 16


def test_a_half_written_record_is_left_out_and_named(own, capsys):
    folder = next((own / "runs").iterdir())
    (folder / "DONE").unlink()
    _, err, found = answer(capsys, own)
    assert f"Left out: {folder} holds an unfinished run" in " ".join(err.split())
    assert len(found["records"]) == 15


def edited(folder, sealed, column=None):
    """Predictions changed by hand, with or without checksums that fit."""
    table = pd.read_csv(folder / "predictions.csv")
    if column is None:
        table["prob_Hernia"] = table["prob_Hernia"].sample(frac=1, random_state=0).to_numpy()
    else:
        table.loc[3, "prob_Hernia"] = np.nan
    table.to_csv(folder / "predictions.csv", index=False)
    if sealed:
        (folder / "DONE").unlink()
        (folder / "DONE").write_text(checksums.of_folder(folder))


@pytest.mark.parametrize(
    ("sealed", "column", "sentence"),
    [(False, None, "has changed since it was written"), (True, None, "metrics.json says"),
     (True, "prob_Hernia", "holds NaN instead of a prediction")],
)  # fmt: skip
def test_predictions_edited_by_hand_are_never_averaged(own, capsys, sealed, column, sentence):
    folder = next((own / "runs").iterdir())
    edited(folder, sealed, column)
    _, err, found = answer(capsys, own)
    said = " ".join(err.split())
    assert "Left out: The record" in said
    assert sentence in said
    assert len(found["records"]) == 15


def test_records_of_another_schema_or_garbled_are_left_out(own, capsys):
    first, second, third = sorted((own / "runs").iterdir())[:3]
    for folder, text in ((first, '{"schema": 99, "dataset": "x"}'), (second, "{"), (third, "[]")):
        (folder / "metrics.json").write_text(text)
        (folder / "DONE").unlink()
        (folder / "DONE").write_text(checksums.of_folder(folder))
    _, err, found = answer(capsys, own)
    assert err.count("Left out: ") == 3
    assert "newer medsmall (schema 99" in " ".join(err.split())
    assert len(found["records"]) == 13


def test_phantoms_and_real_runs_are_never_in_one_mean(own, capsys):
    folder = sorted((own / "runs").iterdir())[0]
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | {"phantom": True}))
    (folder / "DONE").unlink()
    (folder / "DONE").write_text(checksums.of_folder(folder))
    _, err, found = answer(capsys, own)
    assert "Left out: 1 run(s) about chestxray14 (generated); phantom=True shows them." in err
    assert len(found["records"]) == 15


def test_other_test_patients_are_another_question(own, capsys):
    sweep(own, {"mura": 0.5}, sizes=(50,), test=160)
    _, err, found = answer(capsys, own)
    assert "Left out: 4 run(s) about chestxray14, with other test images or labels." in err
    assert len(found["records"]) == 16


def test_a_finding_without_positives_in_the_test_is_undefined(tmp_path, capsys):
    rng = np.random.default_rng(0)
    labels = {part: (rng.random((40, 1)) < 0.4).astype(float) for part in ("train", "val")}
    labels["test"] = np.zeros((40, 1))
    values = {part: rng.random((40, 1)) for part in ("val", "test")}
    config = config_of("dataset=chestxray14", "dataset.targets=[Hernia]", "split=stratified",
                       "sample_size=natural", "augmentation=none", "loss=bce")  # fmt: skip
    write_record(
        Record.of(str(tmp_path), "a" * 16), Task.BINARY, ["Hernia"], labels, values, config=config
    )
    with pytest.raises(MedsmallError, match="auroc of mean is undefined in every run"):
        answer(capsys, tmp_path)


def test_folds_end_in_one_line_with_nadeau_and_bengios_error(tmp_path, capsys):
    folds(tmp_path, {"none": 0.3, "imagenet": 1.5})
    out, _, found = answer(capsys, tmp_path)
    assert [row["repeats"] for row in found["scores"]] == [5, 5]
    assert "imagenet is better than no pretraining" in out
    runs, _ = read_runs([tmp_path])
    aucs = [r.metrics["test"]["mean"]["auroc"] for r in select(runs, {"pretraining": ["none"]})]
    row = next(row for row in found["scores"] if row["pretraining"] == "none")
    assert row["mean"] == pytest.approx(np.mean(aucs))
    assert row["variance_by_repeats"] == pytest.approx(np.var(aucs, ddof=1) * (1 / 5 + 1 / 4))
    assert 0 < row["low"] < row["mean"] < row["high"] < 1


@pytest.mark.parametrize("change", ["1", "other"])
def test_folds_that_are_all_right_and_other_sizes_beside_them(tmp_path, capsys, change):
    folds(tmp_path, {"none": 0.3, "imagenet": 30 if change == "1" else 1.5})
    before = answer(capsys, tmp_path)[2]
    row = next(row for row in before["scores"] if row["pretraining"] == "imagenet")
    if change == "1":
        assert (row["repeats"], row["mean"], row["high"]) == (5, 1, 1)
        assert row["low"] > 0.9
        return
    folds(tmp_path, {"none": 0.3}, n=20)
    after = answer(capsys, tmp_path)[2]
    (same,) = (one for one in after["scores"] if one["pretraining"] == "imagenet")
    assert all(same[key] == row[key] for key in ("mean", "low", "high", "train_images"))


def test_many_arms_are_rows_and_differ_in_one_factor(tmp_path, capsys):
    sweep(
        tmp_path,
        {"none": 0.2, "imagenet": 0.5, "mura": 0.8, "chexpert": 0.9},
        sizes=(50,),
        repeats=2,
    )
    out, _, found = answer(capsys, tmp_path)
    assert len(found["verdicts"]) == 6
    assert out.count("│ ") >= 5
    assert "95% sure that all 6 plausible ranges of the sweep hold at once" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["nowhere"], "There is no record below"), (["margin=-1"], "must be a number above 0"),
     (["--frob"], "There is no option --frob"), (["target="], "target= has no value"),
     (["margin=x"], "must be a number above 0"), (["along=seed_of"], "There is no record")],
)  # fmt: skip
def test_a_wrong_word_is_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["report", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_and_the_command(root, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["report", "--help"])
    main()
    assert "compare=pretraining" in capsys.readouterr().out
    monkeypatch.setattr(
        "sys.argv", ["report", str(root), "compare=pretraining", "along=sample_size.n"]
    )
    main()
    said = capsys.readouterr()
    assert "imagenet is better than no pretraining" in said.out
    assert "Written: " in said.err


def test_repeats_that_are_the_same_run_are_one(tmp_path, capsys):
    """Of a closed form on all images: their scatter would be 0."""
    for record in sweep(tmp_path, SKILLS, sizes=(50,)):
        first = record.folder.parent / f"first-{record.config['choices']['pretraining']}"
        if not first.exists():
            shutil.copytree(record.folder, first)
        shutil.copy(first / "predictions.csv", record.folder)
        metrics = json.loads((first / "metrics.json").read_text()) | {"key": record.key}
        (record.folder / "metrics.json").write_text(json.dumps(metrics))
        (record.folder / "DONE").unlink()
        (record.folder / "DONE").write_text(checksums.of_folder(record.folder))
    for first in (tmp_path / "runs").glob("first-*"):
        shutil.rmtree(first)
    out, _, found = answer(capsys, tmp_path)
    assert [row["repeats"] for row in found["scores"]] == [1, 1]
    assert "no verdict" in out


def test_looking_at_a_part_of_a_sweep_does_not_shrink_the_family(tmp_path, capsys):
    skills = {"none": 0.5, "imagenet": 0.56, "mura": 0.5, "chexpert": 0.5}
    sweep(tmp_path, skills, sizes=(50, 100))
    whole, part = (
        answer(capsys, tmp_path, *words)[2]
        for words in ((), ("pretraining=none,imagenet", "sample_size.n=50"))
    )
    assert whole["family"] == part["family"] == 12
    (chosen,) = part["verdicts"]
    same = next(
        row
        for row in whole["verdicts"]
        if (row["a"], row["b"], row["train_images"]) == ("no pretraining", "imagenet", 50)
    )
    assert (chosen["low"], chosen["high"]) == (same["low"], same["high"])
    assert chosen["p_holm"] >= same["p_holm"] - 1e-12
    declared = answer(capsys, tmp_path, "compare=pretraining", "sample_size.n=50")[2]
    assert declared["family"] == 12


def test_runs_that_nothing_tells_apart_are_named_and_not_mixed(tmp_path, capsys):
    for record in sweep(tmp_path, {"none": 0.5}, sizes=(50,)):
        copy = record.folder.with_name(f"x{record.folder.name}")
        shutil.copytree(record.folder, copy)
        metrics = json.loads((copy / "metrics.json").read_text()) | {"key": copy.name}
        (copy / "metrics.json").write_text(json.dumps(metrics))
        (copy / "DONE").unlink()
        (copy / "DONE").write_text(checksums.of_folder(copy))
    _, err, found = answer(capsys, tmp_path)
    assert err.count("no key of the config tells it from") == 4
    assert found["scores"][0]["repeats"] == 4


def changed(root, records, arm, **values):
    """New configs for the runs of an arm; keys with dots as __."""
    for record in records:
        config = yaml.safe_load((record.folder / "config.yaml").read_text())
        if config["choices"]["pretraining"] != arm:
            continue
        for key, value in values.items():
            group, name = key.split("__")
            if value is None:
                config[group].pop(name, None)
            else:
                config[group][name] = value
        (record.folder / "config.yaml").write_text(yaml.safe_dump(config))
        (record.folder / "DONE").unlink()
        (record.folder / "DONE").write_text(checksums.of_folder(record.folder))


def test_a_seed_that_one_option_lacks_tells_no_repeats_apart(tmp_path, capsys):
    records = sweep(tmp_path, SKILLS, sizes=(50,))
    changed(
        tmp_path, records, "imagenet", augmentation__seed=42, choices__augmentation="chest_safe"
    )
    out, _, found = answer(capsys, tmp_path, "compare=pretraining")
    assert found["verdicts"] == []  # they differ in two factors
    changed(tmp_path, records, "imagenet", choices__augmentation="none")
    out, _, found = answer(capsys, tmp_path)
    assert "their repeats have different draws" not in out
    assert "no run of one has the same draw" not in out


def test_two_files_of_weights_are_two_arms(tmp_path, capsys):
    records = sweep(tmp_path, SKILLS, sizes=(50,))
    for arm in SKILLS:
        changed(tmp_path, records, arm, pretraining__path=f"{arm}.pt")
    for arm in SKILLS:
        changed(tmp_path, records, arm, choices__pretraining="file")
    _, _, found = answer(capsys, tmp_path)
    assert len(found["scores"]) == 2


def regression(root, errors, repeats=4):
    """Bone ages: one arm errs more than the other."""
    rng = np.random.default_rng(0)
    y = rng.normal(120, 40, (60, 1))
    for arm, error in errors.items():
        for repeat in range(repeats):
            config = config_of(
                "dataset=rsna_boneage", "split=stratified", "sample_size=natural", "loss=mae",
                "augmentation=none", f"pretraining={arm}", f"sample_size.repeat={repeat}",
                "sample_size.n=50",
            )  # fmt: skip
            predicted = y + rng.normal(3, error, y.shape)
            write_record(
                Record.of(str(root), f"{arm}{repeat}".ljust(16, "0")), Task.REGRESSION, ["age"],
                {"train": y[:50], "val": y[:13], "test": y}, {"val": y[:13], "test": predicted},
                config=config, dataset="rsna_boneage",
            )  # fmt: skip


def test_of_errors_the_smaller_is_better(tmp_path, capsys):
    regression(tmp_path, {"none": 20, "imagenet": 8})
    out, _, found = answer(capsys, tmp_path)
    assert "imagenet is better than no pretraining: MAE is" in out
    assert "higher with no pretraining than with imagenet" in out
    (row,) = found["verdicts"]
    assert (row["a"], row["b"], row["verdict"]) == ("no pretraining", "imagenet", "worse")
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert "of the rarer class" not in out
    out, _, _ = answer(capsys, tmp_path, "metric=mean_error")
    assert "neither is better: compare MAE" in out
    assert "is better than" not in out
    assert "must pick one" not in out


def test_a_mean_over_targets_is_over_one_set_and_says_which(tmp_path, capsys):
    rng = np.random.default_rng(0)
    y = np.c_[np.arange(200) < 60, np.arange(200) % 40 == 0].astype(float)
    for arm, skill in SKILLS.items():
        for repeat in range(3):
            config = config_of(
                "dataset=chestxray14", "dataset.targets=[Hernia,Mass]", "split=stratified",
                "sample_size=natural", "loss=bce", "augmentation=none", f"pretraining={arm}",
                f"sample_size.repeat={repeat}", "sample_size.n=50",
            )  # fmt: skip
            prob = 1 / (1 + np.exp(-(skill * 2 * y + rng.normal(size=y.shape))))
            write_record(
                Record.of(str(tmp_path), f"{arm}{repeat}".ljust(16, "0")), Task.MULTILABEL,
                ["Hernia", "Mass"], {"train": y[:100], "val": y, "test": y},
                {"val": prob, "test": prob}, config=config, dataset="chestxray14",
            )  # fmt: skip
    out, _, found = answer(capsys, tmp_path)
    assert "Hernia in chestxray14: mean test AUROC" in out
    assert found["targets"] == ["Hernia"]
    assert "The mean is without Mass: in some run it has no AUROC, or one that rests on" in out
    told, _, one = answer(capsys, tmp_path, "target=Hernia")
    assert "is without" not in told
    assert one["scores"] == found["scores"]
    rare = answer(capsys, tmp_path, "target=Mass")
    assert "Mass in chestxray14" in rare[0]
    assert rare[2]["scores"][0]["no_interval"] == "it rests on 5 images, fewer than 10"
    assert "no verdict" in rare[0]


def test_one_patient_alone_is_no_crash(tmp_path, capsys):
    records = sweep(tmp_path, SKILLS, sizes=(50,), repeats=2)
    for record in records:
        table = pd.read_csv(record.folder / "predictions.csv").assign(patient="p1")
        table.to_csv(record.folder / "predictions.csv", index=False)
        (record.folder / "DONE").unlink()
        (record.folder / "DONE").write_text(checksums.of_folder(record.folder))
    out, _, _ = answer(capsys, tmp_path)
    assert "rests on 1 patients, fewer than 10" in out


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("compare=pretrainin", "compare=pretrainin is no difference"),
        ("along=seed_of", "does not vary"),
    ],
)
def test_words_that_name_nothing_varied(root, capsys, word, sentence):
    with pytest.raises(MedsmallError, match=sentence):
        answer(capsys, root, word)


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        (0.02, None),
        (0.5, "At 50 training images, each repeat used 50% of the training images there are, so "
              "repeats resemble each other. With other images like these, AUROC is plausibly "
              r"0\.\d+( lower)? to 0\.\d+ higher with imagenet than with no pretraining"),
        (1.0, "used 100% of the training images there are: what other images like these would give "
              "cannot be told"),
    ],
)  # fmt: skip
def test_another_pool_is_told_where_draws_hold_much_of_this_one(tmp_path, capsys, share, sentence):
    sweep(tmp_path, SKILLS, sizes=(50,), drawn_share=share)
    out, _, found = answer(capsys, tmp_path)
    (row,) = found["verdicts"]
    assert row["drawn_share"] == share
    if sentence is None:
        assert "other images like these" not in out
        assert row["new_pool_low"] == pytest.approx(row["low"], abs=0.02)
    else:
        assert re.search(sentence, out)
    if share == 0.5:
        assert row["new_pool_low"] < row["low"] < row["high"] < row["new_pool_high"]


def test_records_without_the_share_of_the_pool_say_nothing_of_another(tmp_path, capsys):
    for record in sweep(tmp_path, SKILLS, sizes=(50,), drawn_share=0.5):
        metrics = json.loads((record.folder / "metrics.json").read_text())
        del metrics["drawn_share"]
        (record.folder / "metrics.json").write_text(json.dumps(metrics))
        (record.folder / "DONE").unlink()
        (record.folder / "DONE").write_text(checksums.of_folder(record.folder))
    out, _, found = answer(capsys, tmp_path)
    assert "other images like these" not in out
    assert found["verdicts"][0]["new_pool_low"] is None


def test_the_advice_is_what_more_repeats_would_do(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.5, "imagenet": 0.6}, (50,), scatter=0.4, test=200)
    out = answer(capsys, tmp_path)[0]
    assert re.search(
        r"With 12 repeats these ranges would be about [3-6]\d% as wide: add repeats", out
    )


def test_where_patients_are_the_limit_the_advice_says_so():
    found = Estimate(0.02, 1e-6, 4e-4, 10, 60, 9, 1e-5)
    (told,) = _advice([Comparison(("a",), ("b",), 50, found, None, "")], family=1)
    assert told.startswith(
        "Even with 30 repeats these ranges would be about 100% as wide: add test"
    )
