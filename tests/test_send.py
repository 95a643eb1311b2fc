"""`medsmall.send`: recorded runs to a logger, selected as for a report."""

import pytest
from made_records import completed, sweep

from medsmall.record import Record
from medsmall.send import main
from medsmall.sweep.folder import Cell, SweepFolder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Records of two arms, two sizes and two repeats, with a history and an environment."""
    folder = tmp_path_factory.mktemp("outputs")
    for record in sweep(folder, {"none": 0.2, "imagenet": 0.8}, repeats=2):
        completed(record)
    return folder


@pytest.fixture
def send(commanded, root):
    return lambda *words: commanded(main, *words)


def runs_of(store):
    mlflow = pytest.importorskip("mlflow")
    client = mlflow.MlflowClient(f"sqlite:///{store}/mlflow.db")
    ids = [one.experiment_id for one in client.search_experiments()]
    return client, client.search_runs(ids)


def test_runs_are_sent_with_arms_and_sizes_and_sending_twice_changes_nothing(send, root, tmp_path):
    words = ("logger=mlflow", f"logger.tracking_uri=sqlite:///{tmp_path}/mlflow.db",
             f"logger.save_dir={tmp_path}/files", str(root), "sample_size.n=50")  # fmt: skip
    seen = []
    for _ in range(2):
        status, _, err = send(*words)
        assert (status, err.splitlines()[-1]) == (0, "Sent: 4 runs.")
        client, runs = runs_of(tmp_path)
        seen.append(
            {
                run.info.run_id: [
                    run.data.params,
                    run.data.metrics,
                    [
                        (one.step, one.value)
                        for name in ("val_loss", "val_auroc", "test/auroc")
                        for one in client.get_metric_history(run.info.run_id, name)
                    ],
                ]
                for run in runs
            }
        )
    assert seen[0] == seen[1]
    assert len(seen[0]) == 4
    arms = {(run.data.params["arm"], run.data.params["n"]) for run in runs}
    assert len(arms) == 2
    assert {run.data.params["repeat"] for run in runs} == {"0", "1"}
    for run in runs:
        key = run.data.tags["medsmall.key"]
        test = Record.of(str(root), key).metrics["test"]["mean"]
        assert run.data.metrics["test/auroc"] == pytest.approx(test["auroc"])
        assert run.data.params["record"] == f"runs/{key}"


def test_a_run_that_was_sent_in_part_is_completed(send, root, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    words = ("logger=mlflow", f"logger.tracking_uri=sqlite:///{tmp_path}/mlflow.db",
             f"logger.save_dir={tmp_path}/files", str(root), "sample_size.n=50",
             "pretraining=none", "sample_size.repeat=0")  # fmt: skip
    key = next(one.key for one in map(Record, sorted((root / "runs").iterdir()))
               if (one.config["sample_size"]["n"], one.config["sample_size"]["repeat"],
                   one.config["choices"]["pretraining"]) == (50, 0, "none"))  # fmt: skip
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("chestxray14", f"file://{tmp_path}/files")
    begun = client.create_run(experiment, tags={"medsmall.key": key})
    client.log_metric(begun.info.run_id, "epoch", 1, step=1)
    client.log_metric(begun.info.run_id, "val_loss", 0.7, step=1)
    assert send(*words)[0] == 0
    _, (run,) = runs_of(tmp_path)
    assert run.info.run_id == begun.info.run_id
    steps = client.get_metric_history(run.info.run_id, "val_loss")
    assert [(one.step, one.value) for one in steps] == [(1, 0.7), (2, 0.5)]
    assert run.info.status == "FINISHED"


def test_the_runs_of_a_sweep_alone_are_sent(send, root, tmp_path):
    pytest.importorskip("tensorboard")
    keys = sorted(one.name for one in (root / "runs").iterdir())[:3]
    SweepFolder(root, "some-1").begin([Cell((key,), key=key) for key in keys])
    status, _, err = send("logger=tensorboard", f"logger.save_dir={tmp_path}/tb", str(root),
                          "sweep=last")  # fmt: skip
    assert (status, err.splitlines()[-1]) == (0, "Sent: 3 runs.")
    assert sorted(one.name[-16:] for one in (tmp_path / "tb").glob("*/*")) == keys


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name one logger to send to: logger=mlflow|tensorboard|wandb."),
        (["logger=none"], "There is no logger=none"),
        (["logger=wandbb"], "There is no logger=wandbb (did you mean 'wandb'?)."),
        (["logger=wandb", "logger.projekt=x"], "did you mean 'logger.project'?"),
        (["logger=wandb", "pretraining=mura"], "No run has pretraining=mura: there is imagenet"),
        (["logger=wandb", "sample_size.n=50", "name=x", "compare=pretraining"], "compare= is for"),
        (["logger=wandb", "pretrainin=none"], "did you mean 'pretraining'?"),
        (["logger=wandb", "--all"], "There is no option --all"),
    ],
)
def test_a_mistake_is_one_sentence(send, root, words, sentence):
    status, out, err = send(*words, str(root))
    assert status == 2
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not out


def test_nothing_recorded_is_one_sentence(send, tmp_path):
    status, _, err = send("logger=wandb", str(tmp_path))
    assert status == 2
    assert err.startswith("There is no record below")


def test_a_server_that_is_not_there_is_one_sentence(send, root, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    status, _, err = send("logger=mlflow", "logger.tracking_uri=http://127.0.0.1:9", str(root))
    assert status == 2
    assert err.startswith("logger=mlflow cannot start: ")
    assert len(err.splitlines()) == 1


def test_a_package_that_is_absent_is_one_sentence(send, root, monkeypatch):
    monkeypatch.setattr("medsmall.logger.mlflow.find_spec", lambda name: None)
    status, _, err = send("logger=mlflow", str(root))
    assert (status, err) == (
        2,
        'logger=mlflow needs packages that are not installed: pip install "medsmall[mlflow]", or '
        "set logger=none.\n",
    )


def test_a_logger_that_stops_says_how_far_it_came(send, root, monkeypatch, tmp_path):
    pytest.importorskip("tensorboard")
    calls = []

    def result(self, result):
        calls.append(result)
        if len(calls) == 3:
            raise ConnectionError("gone")

    def end(self, complete):
        if len(calls) == 3:
            raise ConnectionError("still gone")
        return ""

    monkeypatch.setattr("medsmall.logger.tensorboard.Tensorboard.result", result)
    monkeypatch.setattr("medsmall.logger.tensorboard.Tensorboard.end", end)
    status, _, err = send("logger=tensorboard", f"logger.save_dir={tmp_path}/tb", str(root))
    assert status == 2
    assert err.startswith("2 of 8 runs were sent. logger=tensorboard has stopped at the run")
    assert err.endswith(": gone. The same command sends what is missing.\n")


def test_of_a_damaged_record_it_is_said_that_it_is_left_out(send, root, tmp_path):
    pytest.importorskip("tensorboard")
    record = completed(sweep(tmp_path / "o", {"none": 0.2}, sizes=(50,), repeats=1)[0])
    other = completed(sweep(tmp_path / "o", {"imagenet": 0.2}, sizes=(50,), repeats=1)[0])
    text = (other.folder / "metrics.json").read_text()
    (other.folder / "metrics.json").write_text(text.replace("0.", "1.", 1))
    status, _, err = send("logger=tensorboard", f"logger.save_dir={tmp_path}/tb",
                          str(tmp_path / "o"))  # fmt: skip
    assert (status, err.splitlines()[-1]) == (0, "Sent: 1 run.")
    assert f"Left out: The record {other.folder} is damaged" in err
    assert [one.name[-16:] for one in (tmp_path / "tb").glob("*/*")] == [record.key]
