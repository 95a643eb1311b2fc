"""Published numbers beside ours: generated records in the shape of the paper's experiments."""

import hashlib
import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_records import config_of, sweep, write_record

from medsmall.errors import MedsmallError
from medsmall.record import Record
from medsmall.report.__main__ import report
from medsmall.report.asked import Asked
from medsmall.report.published import lines, words
from medsmall.report.published.source import defects, questions, results, tasks
from medsmall.report.question import answer
from medsmall.task import Task

SCRIPT = Path(__file__).parents[2] / "scripts" / "published_results.py"
SOURCES = {"none": 0.1, "imagenet": 0.5, "mura": 0.6, "chexpert": 0.9}


def paper(root, experiment, arms, sizes=(50, 400), target="Emphysema", repeats=3, **facts):
    """Records of +experiment=paper/...: `arms` are overrides and the separation at 50 films."""
    rng = np.random.default_rng(0)
    y = (np.arange(400) < 60).astype(float)
    for (arm, skill), n, repeat in itertools.product(arms.items(), sizes, range(repeats)):
        config = config_of(
            f"+experiment=paper/{experiment}", f"dataset.targets=[{target}]", "trainer=cpu",
            f"sample_size.n={n}", f"sample_size.repeat={repeat}", *arm.split(),
        )  # fmt: skip
        logit = (skill + 0.2 * np.log2(n / 50)) * (2 * y - 1) + rng.normal(size=y.shape)
        key = hashlib.sha256(f"{arm} {n} {repeat}".encode()).hexdigest()[:16]
        part = np.tile([[0.0], [1.0]], (n // 2, 1))
        val = np.tile([[0.0], [1.0]], (151, 1))
        write_record(
            Record.of(str(root), key), Task.BINARY, [target],
            {"train": part, "val": val, "test": y[:, None]},
            {"val": 0.3 + 0.3 * val, "test": 1 / (1 + np.exp(-logit[:, None]))},
            np.arange(400), config, dataset="chestxray14", n_train=n, labels_used=n + 302,
            **facts,
        )  # fmt: skip


def sources(**skills):
    return {f"pretraining={name}": skill for name, skill in skills.items()}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    paper(folder, "upstream", sources(**SOURCES))
    return folder


def against(capsys, *words):
    """What the report says, and published.csv."""
    capsys.readouterr()
    folder = report(Asked.of([*map(str, words), "against=published"]))
    return capsys.readouterr().out, pd.read_csv(folder / "published.csv")


def test_the_arms_of_a_paper_experiment_stand_beside_theirs(root, capsys):
    out, table = against(capsys, root)
    both = table[table["mean"].notna() & (table["experiment"] == "upstream_dataset")]
    assert {*zip(both["published_arm"], both["arm"], strict=True)} == {
        ("none", "no pretraining"), ("imagenet", "imagenet"), ("mura", "mura"),
        ("chexpert", "chexpert"),
    }  # fmt: skip
    assert {*both["train_images"]} == {50, 400}
    assert (both["published_labels"] == both["labels"]).all()  # 302 films of validation, as ours
    within = both["published"].between(both["low"] - both["error"], both["high"] + both["error"])
    assert (both["inside"].astype(bool) == within).all()
    assert f"of all {within.sum()} of 8" in out
    assert "Published arms that you have not, in grey: diseases13." in out
    assert table[table["published_arm"] == "diseases13"]["mean"].isna().all()


def test_its_numbers_and_sources_are_those_of_the_file(root, capsys):
    _, table = against(capsys, root)
    merged = table.merge(
        results(), left_on=["experiment", "task", "published_arm", "train_images"],
        right_on=["experiment", "task", "arm", "n_train"], suffixes=("", "_there"),
    )  # fmt: skip
    assert len(merged) == len(table)
    assert (merged["published"] == merged["value"]).all()
    assert (merged["source"] == merged["source_there"]).all()


def test_each_defect_is_said_of_the_arms_that_have_it(root, capsys):
    out, table = against(capsys, root)
    assert "C5 (no pretraining): random weights had a ninth of the rate" in out
    assert "C7 (chexpert): " in out
    assert "C9 (diseases13): " in out
    assert "P1: each number is of one run with one seed." in out
    assert "C1" not in out
    for arm, codes in table.groupby("published_arm")["defects"]:
        assert codes.str.contains("C5").all() == (arm == "none")
        assert codes.str.contains("C7").all() == (arm == "chexpert")


def test_a_defect_of_one_series_alone_names_it(root):
    found = answer(Asked.of([str(root), "against=published"])).published
    assert found is not None
    tiny = [line for line in found.lines if line.experiment == "upstream_dataset_tiny"]
    assert words._whose(found, tiny) == ["upstream_dataset_tiny"]
    assert words._whose(found, tiny[:1]) == ["imagenet"]


def test_a_checkpoint_tested_twice_is_compared_with_nothing(tmp_path, capsys):
    strategies = ("feature_extractor", "finetune_all", "gradual_unfreezing")
    paper(tmp_path, "transfer_methods", {f"strategy={one}": 0.4 for one in strategies}, (50,))
    out, table = against(capsys, tmp_path)
    void = table[table["arm"] == "gradual_unfreezing"]
    assert void["void"].all()
    assert void["inside"].isna().all()
    assert void["mean"].notna().any()
    assert "12 published numbers are not of the arm they are named after: not compared." in out
    assert "C1 (gradual_unfreezing): " in out


def test_shares_of_positives_and_mixup_are_arms(tmp_path, capsys):
    arms = {
        f"pretraining=mura objective={objective} sample_size.positive_fraction={share}": 0.4
        for objective, share in itertools.product(("supervised", "mixup"), (0.1, 0.5))
    }
    paper(tmp_path, "fixed_50", arms, sizes=(50,))
    _, table = against(capsys, tmp_path)
    named = table[table["mean"].notna()].set_index("arm")["published_arm"]
    assert len(named) == 4
    assert named["mixup, sample_size.positive_fraction=0.1"] == "mura+mixup@pos10%"
    assert named["supervised, sample_size.positive_fraction=0.5"] == "mura@pos50%"


def test_repeated_positives_are_told_from_the_size_on_where_they_run_out(tmp_path, capsys):
    paper(tmp_path, "upstream", sources(none=0.3, imagenet=0.5), target="Hernia")
    out, table = against(capsys, tmp_path)
    assert "P5: from 243 training films on, more training films than there are positives" in out
    codes = table["defects"].str.split()
    assert all(
        ("P5" in of) == (n > 242) for of, n in zip(codes, table["train_images"], strict=True)
    )


def test_without_a_paper_experiment_the_arms_find_theirs(tmp_path, capsys):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, repeats=2)
    out, table = against(capsys, tmp_path)
    assert {*table["experiment"]} == {"upstream_dataset"}
    assert {*table["arm"].dropna()} == {"no pretraining", "imagenet"}
    assert "Yours differ from theirs in more than the defects: " in out
    assert "split stratified (theirs official)" in out


def test_generated_films_are_compared_with_nothing(tmp_path, capsys):
    paper(tmp_path, "upstream", sources(imagenet=0.5), (50,), phantom=True)
    out, table = against(capsys, tmp_path)
    assert "Your films are generated and theirs real, so nothing is compared." in out
    assert table["inside"].isna().all()
    assert "inside your 95% interval" not in out


def test_what_was_not_published_is_refused_in_a_sentence(root, tmp_path):
    sweep(tmp_path, {"none": 0.2}, (50,), repeats=2, dataset="malaria")
    for given in ([tmp_path], [root, "metric=average_precision"]):
        with pytest.raises(MedsmallError, match="nothing is published on .*there is AUROC along"):
            report(Asked.of([*map(str, given), "against=published"]))
    with pytest.raises(MedsmallError, match="against=theirs is unknown: there is against=publ"):
        Asked.of(["against=theirs"])


def test_without_being_asked_nothing_published_is_shown(root, capsys, tmp_path):
    report(Asked.of([str(root), f"to={tmp_path / 'there'}"]))
    assert "ublished" not in capsys.readouterr().out
    assert not (tmp_path / "there/published.csv").exists()


def test_the_figure_has_hollow_lines_in_our_colours_and_their_marks(figures, root, tmp_path):
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    from medsmall.report.page.scores import pictures

    found = answer(Asked.of([str(root), "against=published"]))
    assert found.published is not None
    axes = Figure().subplots()
    styles = {arm: lines.Style(f"C{k}", "o") for k, arm in enumerate(found.study.arms)}
    least, most = lines.draw(axes, found.published, styles)
    assert (least, most) == (50 + 302, 2000 + 302)
    drawn = {str(line.get_label()): line for line in axes.lines}
    for arm, style in styles.items():
        line = drawn[f"published: {found.study.name(arm)}"]
        assert to_rgb(line.get_color()) == to_rgb(style.colour)
        assert line.get_markerfacecolor() == "none"
    assert to_rgb(drawn["published: diseases13"].get_color()) == to_rgb(lines.GREY)
    assert {text.get_text() for text in axes.texts} == {"C5", "C7", "C9"}
    heights = sorted(text.xy[1] for text in axes.texts)
    low, high = axes.get_ylim()
    assert np.diff(heights).min() >= 0.99 * lines.GAP * (high - low)
    assert b"Romero et al." in pictures(found)["curve.svg"]()


def test_every_published_arm_means_options_that_there_are():
    table = results()
    for question in questions():
        for arm in table[table["experiment"].isin(question.series)]["arm"].unique():
            words = [f"{key}={value}" for key, value in question.meaning(arm).items()]
            config_of(f"+experiment={question.ours}", *words)
        assert {*question.no_validation} <= {*table["arm"]}
        assert not question.again or question.again in {*table["experiment"]}
    for task in tasks():
        config_of("+experiment=paper/protocol", f"dataset.targets=[{','.join(task.targets)}]")


def test_every_defect_concerns_a_number():
    table = results()
    found = {one.code for one in defects() for _, row in table.iterrows() if one.concerns(row)}
    assert found == {one.code for one in defects()} - {"C6"}  # of an arm without a test


def test_the_numbers_are_possible_and_have_their_sources():
    table = results()
    assert table["value"].between(0.1, 1).all()
    assert (table["source"] != "").all()
    assert (table["error"] > 0).equals(table["obtained"] == "digitised")
    means = table[table["repeats"] > 1]
    assert means["low"].lt(means["value"]).all()
    assert means["high"].gt(means["value"]).all()
    whole = table[~table["experiment"].isin(["fix_size_50"])]  # which has several of one arm
    assert not whole.duplicated(["experiment", "task", "arm", "n_train"]).any()


def test_the_script_keeps_the_test_aurocs_with_what_is_said_of_them():
    spec = importlib.util.spec_from_file_location("published_results", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    columns = ["experiment", "task", "arm", "n_train", "metric", "value", "source_file", "note"]
    given = [
        ("a", "t", "x", 50, "test_auc", 0.6, "f", "printed; mean of 10 repeats"),
        ("a", "t", "x", 50, "test_auc_lo95", 0.5, "f", "mean-1.96*SD"),
        ("a", "t", "x", 50, "test_auc_hi95", 0.7, "f", "mean+1.96*SD"),
        ("a", "t", "x", 77880, "test_auc", 0.8, "f", "digitised from plot (+-0.002)"),
        ("a", "t", "x", 50, "test_loss", 0.3, "f", "printed"),
        ("fix_size_50_summary", "t", "x", 50, "test_auc", 0.6, "f", "authors' table"),
    ]
    first, second = script.kept(pd.DataFrame(given, columns=columns)).to_dict("records")
    assert (first["value"], first["low"], first["high"], first["repeats"]) == (0.6, 0.5, 0.7, 10)
    assert (first["obtained"], first["error"]) == ("printed", 0.0)
    assert (second["obtained"], second["error"], second["n_train"]) == ("digitised", 0.002, 77455)
    assert second["note"] == "written as 77880"
