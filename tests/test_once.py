"""Work that cells share: made once, kept by value, and bounded by kind."""

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
    first = once("kind", {"dataset": "mura"}, make)
    assert once("kind", {"dataset": "mura"}, make) is first
    assert make.times == 1


@pytest.mark.parametrize(
    "other", [{"n": 51}, {"n": "50"}, {"n": 50, "val": None}, {"m": 50}, [{"n": 50}], None]
)
def test_another_value_is_made_anew(other):
    once, make = Once(), Maker()
    assert once("kind", {"n": 50}, make) == [1]
    assert once("kind", other, make) == [2]
    assert once("kind", {"n": 50}, make) == [1]


def test_it_is_kept_by_value_whatever_the_object_and_the_order_of_its_keys():
    once, make = Once(), Maker()
    config = {"split": {"seed": 1, "of": [1, 2]}, "targets": ["Hernia"]}
    first = once("kind", config, make)
    assert once("kind", {"targets": ["Hernia"], "split": {"of": [1, 2], "seed": 1}}, make) is first
    config["split"]["seed"] = 2
    assert once("kind", config, make) is not first
    assert make.times == 2


def test_the_order_within_a_list_counts():
    once, make = Once(), Maker()
    once("kind", ["Hernia", "Edema"], make)
    once("kind", ["Edema", "Hernia"], make)
    assert make.times == 2


def test_what_is_made_may_be_none_and_is_still_made_once():
    once, made = Once(), []
    for _ in range(2):
        assert once("kind", "a", lambda: made.append(1)) is None
    assert made == [1]


def test_what_failed_is_not_kept():
    once = Once()

    def fail():
        raise MedsmallError("no such folder.")

    for _ in range(2):
        with pytest.raises(MedsmallError, match="no such folder"):
            once("kind", "a", fail)
    assert once("kind", "a", lambda: "made") == "made"


def test_of_a_kind_only_the_last_used_are_kept():
    once, make = Once(), Maker()
    kept = once("data", "often used", make, keep=3)
    other = once("hash", 0, make)
    for i in range(10):
        once("data", i, make, keep=3)
        assert once("data", "often used", make, keep=3) is kept
    made = make.times
    once("data", 9, make, keep=3)
    assert make.times == made
    once("data", 0, make, keep=3)
    assert make.times == made + 1
    assert once("hash", 0, make) is other


def test_kinds_do_not_mix():
    once, make = Once(), Maker()
    assert once("table", "a", make) == [1]
    assert once("draw", "a", make) == [2]


def test_what_is_made_may_ask_for_more():
    once = Once()
    first = once("outer", 0, lambda: [once("inner", i, list) for i in range(5)])
    assert len(first) == 5
    assert once("outer", 0, list) is first
