"""Runs sent to a real MLflow server with SQLite behind it, and read back over its API."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec

import pytest
from small_run import HERNIA

from medsmall.configs import compose
from medsmall.record import Record
from medsmall.send import send
from medsmall.train import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        None in (find_spec("mlflow"), find_spec("flask"), find_spec("flask_cors")),
        reason="MLflow's server needs the extra dev",
    ),
]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """The address of one that is up, and stopped afterwards with all its processes."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--workers", "1",
        "--artifacts-destination", str(tmp_path / "files"),
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=environment)
    try:
        for _ in range(240):
            if process.poll() is not None or is_up(address):
                break
            time.sleep(0.5)
        assert is_up(address), (tmp_path / "log").read_text()
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert not is_up(address)


def is_up(address):
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_live_and_recorded_runs_are_read_back_from_a_server(server, tmp_path):
    from mlflow.tracking import MlflowClient

    live = [f"output_root={tmp_path}/o", "logger=mlflow", f"logger.tracking_uri={server}"]
    recorded = [
        train(compose([*HERNIA, f"seed={seed}", *(live if seed == 1 else live[:1])]))
        for seed in (1, 2)
    ]
    client = MlflowClient(server)
    for sending in range(3):
        if sending:
            assert send([*live[1:], f"{tmp_path}/o"]) == 2
        experiment = client.get_experiment_by_name("chestxray14").experiment_id
        runs = {run.data.tags["medsmall.key"]: run for run in client.search_runs([experiment])}
        assert len(runs) == len(client.search_runs([experiment])) == min(sending + 1, 2)
        for record in recorded[: sending + 1]:
            is_as_recorded(client, runs[record.key], record)
    one, other = (runs[record.key].data.params for record in recorded)
    assert {name for name in one if one[name] != other[name]} == {"seed", "key", "record"}


def is_as_recorded(client, run, record: Record):
    assert run.info.status == "FINISHED"
    test = record.metrics["test"]
    assert run.data.metrics["test/auroc"] == pytest.approx(test["mean"]["auroc"])
    assert run.data.metrics["test/Hernia/auroc"] == pytest.approx(
        test["targets"]["Hernia"]["auroc"]
    )
    losses = client.get_metric_history(run.info.run_id, "val_loss")
    assert [one.step for one in losses] == record.history["epoch"].tolist()
    assert [one.value for one in losses] == pytest.approx(record.history["val_loss"].tolist())
    files = {one.path for one in client.list_artifacts(run.info.run_id, "test")}
    assert files == {"test/roc.png", "test/pr.png", "test/confusion.png", "test/table.csv"}
    told = {**run.data.tags, **run.data.params}
    assert not [text for text in told.values() if text.startswith(("/", "sqlite", "file:"))]
