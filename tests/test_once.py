"""Work that cells share: made once, kept by value, bounded, and never sent to another process."""

import pickle

import pytest

from medsmall.errors import MedsmallError
from medsmall.once import Once


class Maker:
    """Counts what it makes."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return [self.times]


def test_what_is_shared_is_made_once():
    once, make = Once(), Maker()
    first = once({"dataset": "mura"}, make)
    assert once({"dataset": "mura"}, make) is first
    assert make.times == 1


@pytest.mark.parametrize(
    "other", [{"n": 51}, {"n": "50"}, {"n": 50, "val": None}, {"m": 50}, [{"n": 50}], None]
)
def test_another_value_is_made_anew(other):
    once, make = Once(), Maker()
    assert once({"n": 50}, make) == [1]
    assert once(other, make) == [2]
    assert once({"n": 50}, make) == [1]


def test_it_is_kept_by_value_whatever_the_object_and_the_order_of_its_keys():
    once, make = Once(), Maker()
    config = {"split": {"seed": 1, "of": [1, 2]}, "targets": ["Hernia"]}
    first = once(config, make)
    assert once({"targets": ["Hernia"], "split": {"of": [1, 2], "seed": 1}}, make) is first
    config["split"]["seed"] = 2
    assert once(config, make) is not first
    assert make.times == 2


def test_the_order_within_a_list_counts():
    once, make = Once(), Maker()
    once(["Hernia", "Edema"], make)
    once(["Edema", "Hernia"], make)
    assert make.times == 2


def test_what_is_made_may_be_none_and_is_still_made_once():
    once, made = Once(), []
    for _ in range(2):
        assert once("a", lambda: made.append(1)) is None
    assert made == [1]


def test_what_failed_is_not_kept():
    once = Once()

    def fail():
        raise MedsmallError("no such folder.")

    for _ in range(2):
        with pytest.raises(MedsmallError, match="no such folder"):
            once("a", fail)
    assert once("a", lambda: "made") == "made"


def test_only_the_last_used_are_kept():
    once, make = Once(), Maker()
    kept = once("often used", make)
    for i in range(2 * Once.KEPT):
        once(i, make)
        assert once("often used", make) is kept
        assert len(once.made) <= Once.KEPT
    made = make.times
    once(2 * Once.KEPT - 1, make)
    assert make.times == made
    once(0, make)
    assert make.times == made + 1


def test_what_is_made_may_ask_for_more():
    once = Once()
    first = once("outer", lambda: [once(i, list) for i in range(2 * Once.KEPT)])
    assert len(first) == 2 * Once.KEPT
    assert len(once.made) == Once.KEPT
    assert once("outer", list) is first


def test_another_process_gets_it_empty():
    once, make = Once(), Maker()
    once("a", make)
    once("not to be pickled", lambda: lambda: None)
    copied = pickle.loads(pickle.dumps(once))
    assert copied("a", make) == [2]
    assert once("a", make) == [1]
