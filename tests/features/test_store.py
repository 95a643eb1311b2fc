"""The file of features: whole rows or none, and no changed number is ever used."""

import sqlite3

import numpy as np
import pytest

from medsmall.errors import MedsmallError
from medsmall.features.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "net.sqlite")


def some(count: int, seed: int = 0) -> dict[bytes, bytes]:
    numbers = np.random.default_rng(seed).normal(size=(count, 1280)).astype(np.float32)
    return {bytes([seed, *i.to_bytes(2, "big")]): row.tobytes() for i, row in enumerate(numbers)}


def test_what_is_added_is_read_to_the_bit_and_nothing_else(store):
    assert store.read([b"a"]) == {}
    assert not store.file.exists()
    first, second = some(1200), some(3, seed=1)
    store.add(first)
    store.add(second)
    found = Store(store.file).read([*first, *second, b"unknown"])
    assert found == {**first, **second}


def test_a_view_that_another_process_has_added_stays(store):
    rows = some(2)
    store.add(rows)
    store.add(rows)
    assert len(store.read([*rows])) == 2


def test_all_or_none_are_added(store):
    """As where the process is killed, or the disk full, after some of them."""
    store.add(some(1))
    with sqlite3.connect(store.file) as database:
        database.execute(
            "create trigger ends before insert on kept when (select count(*) from kept) > 3"
            " begin select raise(fail, 'stop'); end"
        )
    with pytest.raises(MedsmallError, match="stop"):
        store.add(some(5, seed=1))
    assert store.read([*some(1), *some(5, seed=1)]).keys() == some(1).keys()


@pytest.mark.parametrize(
    "change",
    [
        "update kept set content = zeroblob(length(content))",
        "update kept set key = x'0000ff'",
        "update kept set content = substr(content, 1, 8)",
        "drop table kept; create table kept (other)",
    ],
)
def test_a_changed_file_is_refused_in_one_sentence(store, change):
    store.add(some(1))
    with sqlite3.connect(store.file) as database:
        database.executescript(change)
    with pytest.raises(MedsmallError, match="net.sqlite is damaged .*: delete it, and its content"):
        store.read([*some(1), b"\0\0\xff"])


def test_a_file_that_is_none_of_sqlite_is_refused(store):
    store.file.write_bytes(b"x" * 5000)
    with pytest.raises(MedsmallError, match="is damaged .file is not a database"):
        store.read([b"a"])


def test_a_full_disk_is_told_and_keeps_what_is_there(store, monkeypatch):
    store.add(some(2))
    connect = sqlite3.connect

    def small(*args, **kwargs):
        database = connect(*args, **kwargs)
        database.execute("pragma max_page_count = 10")
        return database

    monkeypatch.setattr(sqlite3, "connect", small)
    with pytest.raises(MedsmallError, match="The disk of .* is full: make room there"):
        store.add(some(100, seed=1))
    monkeypatch.undo()
    assert len(store.read([*some(2), *some(100, seed=1)])) == 2


@pytest.mark.parametrize(
    "said", ["attempt to write a readonly database", "unable to open database file"]
)
def test_a_file_of_somebody_else_is_one_sentence_and_not_called_damaged(
    tmp_path, monkeypatch, said
):
    def refused(*_, **__):
        raise sqlite3.OperationalError(said)

    monkeypatch.setattr(sqlite3, "connect", refused)
    with pytest.raises(MedsmallError, match=r"cannot be opened for writing.*cache_root"):
        Store(tmp_path / "a.sqlite").add({b"k": b"v"})
