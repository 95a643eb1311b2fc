"""What the commands do, from Python; and the notebook about it."""

from pathlib import Path

import nbformat
import pytest
from made_records import sweep
from nbclient import NotebookClient
from small_run import HERNIA

from medsmall.api import compare, records, show, train
from medsmall.errors import MedsmallError
from medsmall.terminal import messages

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def test_it_is_quiet_and_gives_the_record(outputs, capfd):
    record = train([*HERNIA, "trainer=auto", f"output_root={outputs}"])
    assert capfd.readouterr() == ("", "")
    assert record.done
    assert not messages.quiet
    assert any("trainer=cpu" in notice for notice in record.notices)
    assert {"Hernia", "prob_Hernia", "predicted", "correct"} <= {*record.predictions}
    show(record)
    assert str(record.folder) in capfd.readouterr().out


def test_it_tells_what_happens_where_asked_and_what_is_wrong(outputs, capfd):
    train([*HERNIA, f"output_root={outputs}"], quiet=False)
    assert "recorded already" in capfd.readouterr().err
    with pytest.raises(MedsmallError, match="did you mean 'backbone'"):
        train(["backbon=tiny"])
    with pytest.raises(MedsmallError, match=r"write train\(\['dataset=mine'\]\)"):
        train("dataset=mine")
    assert not messages.quiet


def test_records_and_comparisons_are_tables(tmp_path, capfd):
    sweep(tmp_path, {"none": 0.2, "imagenet": 0.8}, sizes=(50,))
    table = records(tmp_path)
    assert len(table) == 8
    assert set(table["pretraining"]) == {"none", "imagenet"}
    assert table["test_auroc"].between(0, 1).all()
    assert table.groupby("pretraining")["sample_size.repeat"].nunique().tolist() == [4, 4]
    found = compare(str(tmp_path), "pretraining=none,imagenet")
    assert found.loc[0, ["a", "b", "verdict"]].tolist() == ["no pretraining", "imagenet", "worse"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") for cell in book.cells)  # they would hold paths
    NotebookClient(book, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    answers = [out for cell in book.cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in answers)
    assert len(list(tmp_path.glob("outputs/runs/*/DONE"))) == 4
