"""The page of the report, from generated records of every task."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from made_records import config_of, folds, sweep, write_record
from page_read import checked, write_page

from medsmall.record import Record, checksums
from medsmall.report.asked import Asked
from medsmall.report.page.lead import lead
from medsmall.report.page.whole import MANUSCRIPT, page_of
from medsmall.report.question import answer
from medsmall.task import Task

pytest.importorskip("matplotlib")

NATURAL = ("split=stratified", "sample_size=natural", "augmentation=none", "trainer=cpu")


def asked(root, *words):
    return Asked.of([str(root), *words])


def made(root, *words):
    """The answer and its page."""
    question = asked(root, *words)
    found = answer(question)
    return found, page_of(question, found, ["A sentence."], root / "report")


def sealed(record):
    """Make a record whole again that got another file."""
    (record.folder / "DONE").unlink()
    record.write_text("DONE", checksums.of_folder(record.folder))


def sections(page):
    return {one.anchor: one for one in page.sections}


def table(page, name):
    return next(t.frame for one in page.sections for t in one.tables if t.name == name)


def of_task(root, task, names, y, predicted, dataset, unit="image", repeats=3):
    """Two arms with the labels `y`; `predicted(skill, rng)` are their predictions."""
    for k, arm in enumerate(("none", "imagenet")):
        for repeat in range(repeats):
            rng = np.random.default_rng([k, repeat])
            test = predicted(0.4 + 0.8 * k, rng)
            config = config_of(f"dataset={dataset}", f"pretraining={arm}", *NATURAL,
                               f"sample_size.repeat={repeat}")  # fmt: skip
            write_record(
                Record.of(str(root), f"{k}{repeat}" * 8), task, names,
                {"train": y, "val": y, "test": y}, {"val": test, "test": test},
                np.arange(len(y)) // 2, config, unit, dataset=dataset,
            )  # fmt: skip


def of_classes(root):
    rng = np.random.default_rng(0)
    y = np.eye(3)[rng.integers(0, 3, 120)]

    def predicted(skill, rng):
        logit = skill * y + rng.normal(size=y.shape)
        return np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)

    of_task(root, Task.MULTICLASS, ["a", "b", "c"], y, predicted, "ham10000")
    return y


def of_studies(root):
    rng = np.random.default_rng(0)
    y = np.repeat((rng.random((60, 2)) < 0.4).astype(float), 2, axis=0)

    def predicted(skill, rng):
        return 1 / (1 + np.exp(-(0.4 * skill * (2 * y - 1) + rng.normal(size=y.shape))))

    of_task(root, Task.MULTILABEL, ["x", "y"], y, predicted, "mura", "study")
    return y


def of_numbers(root):
    y = np.random.default_rng(0).normal(100, 30, (80, 1)).round()

    def predicted(skill, rng):
        return y + rng.normal(0, 20 / skill, y.shape)

    of_task(root, Task.REGRESSION, ["months"], y, predicted, "rsna_boneage")


def test_the_page_is_one_sound_file_that_loads_nothing(tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8})
    _, page = made(tmp_path)
    folder = tmp_path / "report"
    write_page(page, folder, pdf=True)
    found = checked((folder / "report.html").read_text())
    assert not [one for one in found.addresses if re.match(r"(https?:)?//", one)]
    inside = [one for one in found.addresses if one.startswith("#")]
    assert {one[1:] for one in inside} <= {*found.ids}
    beside = [one for one in found.addresses if not one.startswith(("#", "data:"))]
    absent = [one for one in beside if not (folder / one).resolve().is_file()]
    absent = {one.rpartition("/")[2] for one in absent}  # records without a draw
    assert absent == {"draw.csv", *MANUSCRIPT.values()}
    assert sorted(one.suffix for one in (folder / "figures").glob("learning_curves.*")) == [
        ".pdf", ".svg",
    ]  # fmt: skip
    assert "A sentence." in found.text


def test_files_of_ones_own_stay(tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,))
    folder = tmp_path / "report"
    for name in ("figures/mine.svg", "tables/mine.csv", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    for _ in range(2):
        write_page(made(tmp_path)[1], folder)
    for name in ("figures/mine.svg", "tables/mine.csv", "notes.txt"):
        assert (folder / name).read_text() == "mine"


def test_the_answer_is_on_top_and_says_what_is_decided(tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8})
    found, page = made(tmp_path)
    assert page.lead == lead(found)
    first, second, third = page.lead
    assert first.startswith("With 100 training images, imagenet, the choice of validation, reaches")
    assert second.startswith("2 of 2 comparisons are decided; the largest difference: imagenet is ")
    assert "16 recorded runs were scored on these test images" in third
    assert "test patients of the rarer class" in third


def test_undecided_and_impossible_comparisons_are_said_to_be(tmp_path):
    sweep(tmp_path / "equal", {"none": 0.5, "imagenet": 0.5}, (50,))
    found, _ = made(tmp_path / "equal")
    assert lead(found)[1].startswith("The comparison is not decided: a true difference of AUROC")
    sweep(tmp_path / "once", {"none": 0.2, "imagenet": 0.8}, (50,), repeats=1)
    found, page = made(tmp_path / "once")
    assert lead(found)[1].startswith("No arms can be compared: one repeat says nothing")
    assert "differences" in sections(page)
    assert not sections(page)["differences"].drawings
    sweep(tmp_path / "alone", {"none": 0.2}, (50,))
    found, page = made(tmp_path / "alone")
    assert len(lead(found)) == 2
    assert "differences" not in sections(page)


@pytest.mark.parametrize(
    ("records", "there", "absent"),
    [
        (of_classes, {"curves", "calibration", "calls"}, {"numbers", "units"}),
        (of_studies, {"curves", "calibration", "calls", "units"}, {"numbers"}),
        (of_numbers, {"numbers"}, {"curves", "calibration", "calls", "units"}),
        (lambda root: folds(root, {"none": 0.3, "imagenet": 1.5}), {"curves"}, {"units"}),
    ],
    ids=["classes", "studies", "numbers", "folds"],
)
def test_every_task_has_its_sections(records, there, absent, tmp_path):
    records(tmp_path)
    _, page = made(tmp_path)
    found = {*sections(page)}
    assert there <= found
    assert not absent & found
    assert {"scores", "targets", "mistakes", "cost", "runs"} <= found
    write_page(page, tmp_path / "report")
    checked((tmp_path / "report" / "report.html").read_text())


def test_equivalent_arms_are_said_to_be(tmp_path):
    sweep(tmp_path, {"none": 0.5, "imagenet": 0.5}, (50,))
    found, _ = made(tmp_path, "margin=0.9")
    assert lead(found)[1] == "The arms are equivalent: their AUROC differs by less than 0.9."


def test_lesions_are_not_called_patients(tmp_path):
    of_classes(tmp_path)  # of HAM10000
    _, page = made(tmp_path)
    assert re.search(r"They rest on about \d+ test lesions", page.lead[-1])
    worst = table(page, "mistakes_worst")
    assert worst["lesion"].str.fullmatch(r"lesion \d+").all()
    assert "patient" not in worst


def test_the_runs_of_one_sweep_are_not_called_all(tmp_path):
    records = sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,))
    found = answer(Asked(roots=[tmp_path], keys={record.key for record in records[:6]}))
    assert "6 runs of this sweep were scored on these test images" in lead(found)[-1]
    assert "8 recorded runs were scored" in lead(made(tmp_path)[0])[-1]


@pytest.mark.parametrize("metric", ["f1", "precision", "recall"])
def test_no_choice_is_named_where_validation_has_none(metric, tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,))
    for folder in (tmp_path / "runs").iterdir():
        record = Record(folder)
        metrics = record.metrics
        for of in metrics["val"]["targets"].values():
            of.pop(metric, None)
        record.write_json("metrics.json", metrics)
        sealed(record)
    found, page = made(tmp_path, f"metric={metric}")
    assert "validation" not in " ".join(page.lead)
    assert re.match(r"With 50 training images, mean test \S+ lies between 0.\d+ \(", lead(found)[0])


def test_of_mean_errors_none_is_best(tmp_path):
    of_numbers(tmp_path)
    _, page = made(tmp_path, "metric=mean_error")
    assert "lies between" in page.lead[0]


def test_the_largest_size_may_lack_a_score(tmp_path):
    """Precision is undefined where nothing is called."""
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8})
    for folder in (tmp_path / "runs").iterdir():
        record = Record(folder)
        if record.metrics["n_train"] == 100:
            metrics, tested = record.metrics, record.predictions
            metrics["test"]["targets"]["Hernia"] |= {"threshold": 2.0, "precision": None}
            record.write_json("metrics.json", metrics)
            record.write_csv("predictions.csv", tested)
            sealed(record)
    found, page = made(tmp_path, "metric=precision")
    assert {cell.size for cell in found.cells} == {50}
    assert page.lead[0].startswith("With 50 training images")


def test_a_target_that_is_unknown_in_the_test_has_no_curve(tmp_path):
    rng = np.random.default_rng(0)
    y = (rng.random((80, 2)) < 0.4).astype(float)
    y[:, 1] = np.nan
    train = np.nan_to_num(y)

    def predicted(skill, rng):
        return 1 / (1 + np.exp(-(skill * (2 * np.nan_to_num(y) - 1) + rng.normal(size=y.shape))))

    for k, arm in enumerate(("none", "imagenet")):
        for repeat in range(3):
            prob = predicted(0.4 + k, np.random.default_rng([k, repeat]))
            config = config_of("dataset=chestxray14", f"pretraining={arm}", *NATURAL,
                               f"sample_size.repeat={repeat}")  # fmt: skip
            write_record(
                Record.of(str(tmp_path), f"{k}{repeat}" * 8), Task.MULTILABEL, ["x", "y"],
                {"train": train, "val": train, "test": y}, {"val": prob, "test": prob},
                config=config,
            )  # fmt: skip
    _, page = made(tmp_path)
    assert {*table(page, "calibration")["of"]} == {"x"}
    assert "Drawn: 1 of 2 targets" in " ".join(sections(page)["curves"].text)


def test_unfinished_folds_are_summed_fold_by_fold(tmp_path):
    """Five seeds of a large fold and one of a small one: each fold counts once."""
    rng = np.random.default_rng(0)
    for fold, (n, seeds) in enumerate([(100, 5), (50, 1), (60, 2)]):
        y = (rng.random((n, 1)) < 0.5).astype(float)
        for seed in range(seeds):
            prob = 1 / (1 + np.exp(-(2 * y - 1) - rng.normal(size=y.shape)))
            config = config_of("dataset=chestxray14", "dataset.targets=[Hernia]", "split=kfold",
                               f"split.fold={fold}", "split.folds=5", "sample_size=all",
                               "augmentation=none", "trainer=cpu", f"seed={seed}")  # fmt: skip
            names = np.arange(n) + 1000 * fold
            write_record(
                Record.of(str(tmp_path), f"{fold}{seed}" * 8), Task.BINARY, ["Hernia"],
                {"train": y, "val": y, "test": y}, {"val": prob, "test": prob}, names, config,
                dataset="chestxray14",
            )  # fmt: skip
    _, page = made(tmp_path)
    assert [*table(page, "targets")["of"]] == [210]
    found, _ = made(tmp_path)
    (cell,) = found.cells
    by_fold = {}
    for run in cell.scores:
        by_fold.setdefault(found.study.fold(run), []).append(cell.scores[run].value)
    assert cell.mean == pytest.approx(np.mean([np.mean(of) for of in by_fold.values()]))
    assert cell.mean == pytest.approx(cell.found.value)
    (row,) = table(page, "scores").to_dict("records")
    assert str(row["runs"]) == "8 runs"


def test_an_unfinished_arm_is_not_the_choice_of_validation(tmp_path):
    folds(tmp_path, {"none": 0.3, "imagenet": 2.5})
    for key in ("imagenet3", "imagenet4"):
        shutil.rmtree(next((tmp_path / "runs").glob(f"{key}*")))
    found, page = made(tmp_path)
    assert {len(cell.scores) for cell in found.cells} == {3, 5}
    assert page.lead[0].startswith("With 162 training images, mean test AUROC lies between") or (
        "no pretraining" in page.lead[0]
    )
    assert "imagenet, the choice" not in page.lead[0]


def test_counts_are_those_of_the_test(tmp_path):
    y = of_classes(tmp_path)
    _, page = made(tmp_path)
    of_target = table(page, "targets").query("arm == 'imagenet'").set_index("target")
    assert [*of_target["positives in test"]] == [*y.sum(axis=0)]
    assert set(of_target["of"]) == {120}
    calls = table(page, "calls").query("arm == 'imagenet'").set_index("target")
    assert [*calls["support"]] == [*y.sum(axis=0)]
    cells = calls[["true +", "false +", "false −", "true −"]].sum(axis=1)
    assert cells.to_numpy() == pytest.approx(120, abs=2)
    of_calls = calls.loc[of_target.index]
    for heading, name in (("F1", "F1"), ("recall", "recall"), ("precision", "precision")):
        assert of_calls[heading].to_numpy() == pytest.approx(of_target[name].to_numpy())


def test_folds_are_summed_and_repeats_averaged(tmp_path):
    folds(tmp_path, {"none": 0.3, "imagenet": 1.5})
    _, page = made(tmp_path)
    records = [Record(folder) for folder in (tmp_path / "runs").iterdir()]
    positives = sum(r.predictions["Hernia"].sum() for r in records) / 2  # two arms
    assert [*table(page, "targets")["positives in test"]] == [positives] * 2


def test_scores_per_image_stand_beside_those_per_study(tmp_path):
    of_studies(tmp_path)
    _, page = made(tmp_path)
    row = table(page, "units").query("target == 'x' and arm == 'imagenet'").iloc[0]
    assert row["studies"] == 60
    assert row["images"] == 120
    from sklearn.metrics import roc_auc_score

    tests = [Record(folder).predictions for folder in (tmp_path / "runs").glob("1*")]
    by_image = np.mean([roc_auc_score(t["x"], t["prob_x"]) for t in tests])
    of_study = [t.groupby("study")[["x", "prob_x"]].mean() for t in tests]
    by_study = np.mean([roc_auc_score(t["x"], t["prob_x"]) for t in of_study])
    assert row["AUROC per image"] == pytest.approx(by_image)
    assert row["AUROC per study"] == pytest.approx(by_study)


def test_mistakes_are_the_worst_ones_under_pseudonyms(tmp_path):
    y = of_classes(tmp_path)
    _, page = made(tmp_path)
    tests = [Record(folder).predictions for folder in sorted((tmp_path / "runs").glob("1*"))]
    columns = [f"prob_{name}" for name in "abc"]
    mean = np.mean([t[columns].to_numpy() for t in tests], axis=0)
    true = tests[0][["a", "b", "c"]].to_numpy().argmax(axis=1)
    wrong = mean.argmax(axis=1) != true
    least = np.sort(mean[np.arange(len(y)), true][wrong])
    worst = table(page, "mistakes_worst").rename(columns={"lesion": "patient"})
    told = [float(re.search(r"; \w ([\d.]+)\)", text)[1]) for text in worst["predicted"]]
    assert told == pytest.approx(least[:12], abs=0.006)
    assert worst["patient"].nunique() > 1


@pytest.mark.parametrize("words", [(), ("images=true",)])
def test_no_patient_and_no_image_is_named(words, tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,))
    _, page = made(tmp_path, *words)
    folder = tmp_path / "report"
    write_page(page, folder)
    record = Record(next((tmp_path / "runs").iterdir()))
    names = {*record.predictions["image"], *record.predictions["patient"]}
    written = [(folder / "report.html"), *(folder / "tables").iterdir()]
    for file in written:
        words = {*re.findall(r"[\w.]+", file.read_text())}
        assert not names & words, file.name
    assert str(tmp_path) not in (folder / "report.html").read_text()


def test_no_folder_of_the_machine_is_told(tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,))
    for k, folder in enumerate(sorted((tmp_path / "runs").iterdir())):
        record = Record(folder)
        config = record.config
        config["choices"]["pretraining"] = "file"
        config["pretraining"] = {"path": f"/home/jdoe/clinic {k % 2}/w.pt"}
        record.write_text("config.yaml", yaml.safe_dump(config))
        sealed(record)
    question = asked(tmp_path, f"to={tmp_path / 'far' / 'off' / 'report'}")
    found = answer(question)
    page = page_of(question, found, [], question.to)
    write_page(page, question.to)
    for file in [question.to / "report.html", *(question.to / "tables").iterdir()]:
        text = file.read_text()
        assert "jdoe" not in text, file.name
        assert tmp_path.name not in text, file.name
    assert {*table(page, "runs")["config"]} == {"–"}
    beside = page_of(question, found, [], tmp_path.parent / "page")  # of a folder below its own
    assert {*table(beside, "runs")["config"]} == {"–"}


def test_numbers_have_no_uncertain_mistakes_and_findings_one_row_each(tmp_path):
    of_numbers(tmp_path / "numbers")
    _, page = made(tmp_path / "numbers")
    assert [t.name for t in sections(page)["mistakes"].tables] == ["mistakes_worst"]
    y = of_studies(tmp_path / "studies")
    _, page = made(tmp_path / "studies")
    uncertain = table(page, "mistakes_uncertain")
    assert {*uncertain["target"]} == {"x", "y"}
    assert len(y) == 120


def test_the_runs_of_a_number_are_listed_and_linked(tmp_path):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8})
    found, page = made(tmp_path)
    runs = table(page, "runs")
    assert len(runs) == 16
    for _, row in runs.iterrows():
        config = (tmp_path / "report" / row["config"].address).resolve()
        assert config == (tmp_path / "runs" / row["run"] / "config.yaml").resolve()
    scores = table(page, "scores")
    anchors = next(t.anchors for t in sections(page)["runs"].tables)
    assert {link.address[1:] for link in scores["runs"]} == {one for one in anchors if one}
    assert len(found.cells) == 4


def test_a_network_is_told_by_layer_and_stage(tmp_path):
    network = {"layers": [["stem", 100], ["head", 20]], "trained": [[0.0, 20], [0.1, 120]]}
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, (50,), network=network)
    _, page = made(tmp_path)
    stages = table(page, "networks").query("arm == 'imagenet'")
    assert [*stages["from"]] == ["0% of the training", "10% of the training"]
    assert [*stages["train"]] == [20, 120]
    assert [*stages["parameters"]] == [120, 120]
    assert [*table(page, "layers_1")["layer"]] == ["stem", "head"]


def test_cost_is_the_mean_time_of_a_cell(tmp_path):
    for k, record in enumerate(sweep(tmp_path, {"none": 0.2}, (50,), repeats=3)):
        record.write_json("environment.json", {"seconds": 10.0 * (k + 1), "device": "cpu"})
        sealed(record)
    _, page = made(tmp_path)
    (row,) = table(page, "cost").to_dict("records")
    assert row["seconds per run"] == 20.0
    assert row["hours of all"] == pytest.approx(60 / 3600)
    assert row["runs"] == 3


def test_histories_show_the_epoch_that_was_kept(tmp_path):
    for record in sweep(tmp_path, {"none": 0.2}, (50,), chosen_epoch=2):
        history = {"epoch": [1, 2, 3], "train_loss": [3.0, 2, 1], "val_loss": [3.0, 1, 2]}
        record.write_csv("history.csv", pd.DataFrame(history))
        sealed(record)
    _, page = made(tmp_path)
    (drawing,) = sections(page)["histories"].drawings
    dots = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "o"]
    assert {(float(dot.get_xdata()[0]), float(dot.get_ydata()[0])) for dot in dots} == {(2.0, 1.0)}


def test_many_arms_share_the_page(tmp_path):
    """More arms than colours: a few are drawn in detail, all are in the scores."""
    rng = np.random.default_rng(0)
    y = (np.arange(80) < 30).astype(float)[:, None]
    for k in range(9):
        for repeat in range(2):
            config = config_of(
                "dataset=chestxray14", "dataset.targets=[Hernia]", *NATURAL,
                f"strategy.lr={(k + 1) / 1000}", f"sample_size.repeat={repeat}",
            )  # fmt: skip
            prob = 1 / (1 + np.exp(-(y - 0.5) * k / 4 - rng.normal(size=y.shape)))
            write_record(
                Record.of(str(tmp_path), f"{k}{repeat}" * 8), Task.BINARY, ["Hernia"],
                {"train": y, "val": y, "test": y}, {"val": prob, "test": prob}, None, config,
            )  # fmt: skip
    found, page = made(tmp_path)
    assert len({cell.arm for cell in found.cells}) == 9
    assert table(page, "scores")["arm"].nunique() == 9
    assert table(page, "targets")["arm"].nunique() == 4
    assert "the 4 of 9 arms that validation favours" in sections(page)["curves"].text[0]
    write_page(page, tmp_path / "report")


@pytest.mark.slow
def test_a_page_of_96_records_is_no_burden(tmp_path):
    skills = {"none": 0.2, "imagenet": 0.8, "mura": 0.5, "chexpert": 0.6}
    sizes = (50, 100, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000)
    sweep(tmp_path, skills, sizes, repeats=2, test=120)
    _, page = made(tmp_path)
    write_page(page, tmp_path / "report")
    assert len(table(page, "runs")) == 96
    assert (tmp_path / "report" / "report.html").stat().st_size < 2.5e6
