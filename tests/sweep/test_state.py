"""The state of a sweep, read from its records."""

import io
import sys

import pytest
from filelock import FileLock
from made_records import sweep as made_sweep
from rich.console import Console

from medsmall import status
from medsmall.errors import MedsmallError
from medsmall.sweep.cost import Took, expected
from medsmall.sweep.folder import Cell, Failure, SweepFolder
from medsmall.sweep.state import Finished, State
from medsmall.sweep.table import failures, span, table


@pytest.fixture
def begun(tmp_path) -> tuple[SweepFolder, list[Cell]]:
    """Two arms with two finished cells each, one that failed, one that runs, one that is left."""
    records = made_sweep(tmp_path, {"none": 0.2, "imagenet": 0.9}, (50,), repeats=2, test=80)
    cells = []
    for i, record in enumerate(records):
        arm, draw = f"pretraining={'none' if i < 2 else 'imagenet'}", f"repeat={i % 2}"
        cells.append(Cell((arm, draw), f"{arm} {draw}", record.key, arm=arm, n=50))
    for record in records:
        record.write_json("environment.json", {"seconds": 10.0})
        (record.folder / "DONE").write_text("")
    cells += [
        Cell((f"more={i}",), f"more={i}", f"{i:016x}", arm="pretraining=none", n=100)
        for i in range(3)
    ]
    folder = SweepFolder(tmp_path, "mine")
    folder.begin(cells)
    folder.fail(Failure(cells[4].overrides, "It is bad."))
    return folder, cells


def shown(state: State) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(table(state))
    return out.getvalue()


def test_it_counts_what_is_done_running_failed_and_left(begun):
    folder, cells = begun
    running = folder.record(cells[5].key)
    with FileLock(running.lock):
        running.lock.with_name(f"{running.lock.name}.holder").write_text("{}")
        state = State.of(folder)
        assert [cell.words for cell in state.running] == ["more=1"]
        text = shown(state)
    assert len(state.finished) == 4
    assert failures(state) == ["Failed: more=0: It is bad."]
    assert [cell.words for cell in state.left] == ["more=1", "more=2"]
    # two cells of twice the size: 2 x 10 s x 2^0.5
    assert "4 of 7 cells done, 1 failed; time left: about 28 s" in text
    assert "Running: more=1" in text
    state.look()
    assert not state.running


def scored(state: State, *scores: float, rises: bool = True) -> State:
    """Give the finished cells these validation scores."""
    for key, score in zip(list(state.finished), scores, strict=False):
        state.finished[key] = Finished(10.0, "AUROC", score, rises)
    return state


def test_the_best_arm_is_that_of_the_better_validation_score(begun):
    none, imagenet = "pretraining=none", "pretraining=imagenet"
    state = State.of(begun[0])
    assert scored(state, 0.6, 0.7, 0.8, 0.9).best == imagenet
    assert "the best so far by validation" in shown(state)
    assert scored(state, 0.6, 0.7, 0.8, 0.9, rises=False).best == none
    assert scored(state, 0.6, 0.7, 0.7, 0.6).best == ""


def test_arms_are_compared_over_the_draws_that_all_of_them_have(begun):
    state = scored(State.of(begun[0]), 0.6, 1.0, 0.7, 0.7)
    assert state.best == "pretraining=none"
    del state.finished[begun[1][1].key]  # its 1.0
    assert state.scores("pretraining=imagenet") == [0.7]
    assert state.best == "pretraining=imagenet"


def test_a_failure_of_an_earlier_start_is_left_again(begun):
    folder, cells = begun
    folder.begin(cells)
    assert not State.of(folder).failed


def test_a_grid_without_a_given_name_may_lose_a_cell_that_turns_out_to_be_another_one(begun):
    folder, cells = begun
    folder.begin(cells[:-1])
    assert folder.cells == cells[:-1]
    with pytest.raises(MedsmallError, match="is the name of another grid"):
        folder.begin(cells, named=True)


def test_a_look_tells_what_has_finished_since(begun):
    folder, cells = begun
    state = State(folder, cells)
    assert [cell.key for cell in state.look()] == [cell.key for cell in cells[:4]]
    assert state.look() == []


def test_the_status_is_shown_by_name_or_of_the_last_sweep(begun, monkeypatch, capsys):
    folder, _ = begun
    for words in ([str(folder.root)], ["mine", str(folder.root)]):
        monkeypatch.setattr(sys, "argv", ["medsmall-status", *words])
        status.main()
        said = capsys.readouterr().out
        assert "Sweep mine" in said
        assert "Failed: more=0: It is bad." in said
    monkeypatch.setenv("MEDSMALL_OUTPUT", str(folder.root))
    monkeypatch.setattr(sys, "argv", ["medsmall-status"])
    status.main()
    assert "Sweep mine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nine"], r"There is no sweep .*nine \(did you mean 'mine'\?\)"),
        (["--foo"], "There is no option --foo"),
        (["mine", "other"], "One sweep is shown at a time"),
        (["/no/such/folder"], "No sweep has begun in /no/such/folder"),
    ],
)
def test_what_is_no_sweep_is_one_sentence(begun, monkeypatch, capsys, words, sentence):
    monkeypatch.setenv("MEDSMALL_OUTPUT", str(begun[0].root))
    monkeypatch.setattr(sys, "argv", ["medsmall-status", *words])
    with pytest.raises(SystemExit):
        status.main()
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    with pytest.raises(MedsmallError, match=sentence):
        State.of(status._asked(words))


def test_without_any_sweep_it_says_so(tmp_path):
    with pytest.raises(MedsmallError, match="No sweep has begun in"):
        SweepFolder.last(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "5", '{"cells": 5}', '{"cells": [{"a": 1}]}'])
def test_a_damaged_grid_is_one_sentence(begun, content):
    (begun[0].path / "grid.json").write_text(content)
    with pytest.raises(MedsmallError, match="is damaged: delete it, and start the sweep again"):
        State.of(begun[0])


@pytest.mark.parametrize("content", [b"", b"\xff"])
def test_a_damaged_note_of_the_last_sweep_is_none(begun, content):
    (begun[0].root / "sweeps" / ".last").write_bytes(content)
    with pytest.raises(MedsmallError, match="No sweep has begun in"):
        SweepFolder.last(begun[0].root)


@pytest.mark.parametrize("start", [0.0, 3.5])
@pytest.mark.parametrize("each", [0.001, 0.2])
@pytest.mark.parametrize("n", [1, 100, 5000])
def test_seconds_that_grow_with_n_are_foretold(start, each, n):
    took = [Took("a", size, start + each * size) for size in (50, 100, 100, 400)]
    assert expected(took, "a", n) == pytest.approx(start + each * n, rel=1e-6, abs=1e-6)


def test_an_unknown_arm_costs_what_the_others_do_and_scatter_is_no_negative_time():
    assert expected([], "a", 50) is None
    assert expected([Took("a", 50, 3.0)], "b", 50) == 3.0
    falling = [Took("a", 50, 9.0), Took("a", 100, 1.0)]
    assert expected(falling, "a", 5000) == pytest.approx(5.0)


def test_folds_of_nearly_one_size_make_no_days_of_a_cell():
    took = [Took("a", n, seconds) for n, seconds in [(373, 43.0), (375, 74.0)]]
    assert 43 <= expected(took, "a", 374) <= 74
    assert 43 <= expected(took, "a", 376) <= 75


def test_arms_without_a_finished_cell_have_no_time_left(tmp_path):
    (record,) = made_sweep(tmp_path, {"none": 0.2}, (50,), repeats=1, test=80)
    record.write_json("environment.json", {"seconds": 10.0})
    (record.folder / "DONE").write_text("")
    cells = [Cell(("a",), "a", record.key, arm="a", n=50), Cell(("b",), "b", "0", arm="b", n=50)]
    folder = SweepFolder(tmp_path, "mine")
    folder.begin(cells)
    told = shown(State.of(folder))
    assert "time left: not known, no cell of the arms to come has finished" in told
    assert "A sweep that was stopped goes on with the same command." in told


def test_of_one_size_the_larger_ones_take_longer():
    """Else the time left of a sweep that begins with its smallest size is far too short."""
    took = [Took("a", 50, 14.0)]
    assert 14 < expected(took, "a", 100) < 28
    assert 20 < expected(took, "a", 200) < 41
    assert expected(took, "a", 25) < 14


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.2, "3 s"), (99, "99 s"), (130, "2 min"), (5900, "98 min"), (12_000, "3 h 20 min"),
     (40_000, "11 h"), (200_000, "2 days 8 h")],
)  # fmt: skip
def test_times_are_told_in_words(seconds, words):
    assert span(seconds) == words
