import numpy as np
import pandas as pd
import pytest
from stand_in import findings, table

from medsmall.explore import people
from medsmall.task import Task


@pytest.mark.parametrize("seed", range(5))
def test_every_patient_stands_in_one_bar(seed):
    rng = np.random.default_rng(seed)
    patients = rng.geometric(0.02 * (1 + seed), 300)
    counts = people.per_patient(pd.DataFrame({"patient": patients}))
    assert counts["patients"].sum() == len(set(patients))
    assert counts["share"].sum() == pytest.approx(1)


def test_the_bars_of_a_table_of_pairs():
    counts = people.per_patient(table(6, {}))
    assert counts.to_dict("list") == {"images": ["2"], "patients": [3], "share": [1.0]}


def test_age_and_sex_of_positives_and_negatives():
    sample = table(
        4, {"a": [1, 1, 0, np.nan], "age": [10, 30, 50, 70.0], "sex": ["F", "M", "", "F"]}
    )
    groups = people.positives_and_negatives(sample, ["a"])
    found = people.age_and_sex(sample, groups).set_index("group")
    assert found.loc["a", "median"] == 20
    assert found.loc["a", "female_share"] == 0.5
    assert found.loc["not a", "sex_unknown"] == 1
    assert np.isnan(found.loc["not a", "female_share"])


def test_a_table_without_age_and_sex():
    found = people.age_and_sex(
        table(3, {}).drop(columns=["age", "sex"]), {"all": pd.Series([True] * 3)}
    )
    assert found["age_known"][0] == 0
    assert found["sex_unknown"][0] == 3


def test_bars_are_for_text_of_few_values():
    sample = table(
        40,
        {
            "a": 1.0, "view": ["PA", "AP"] * 20, "one": "same",
            "note": [f"n{k}" for k in range(40)], "study": ["s1", "s2"] * 20,
            "number": range(40), "smoker": [True, False] * 20, "nothing": None,
        },
    )  # fmt: skip
    assert people.categorical(sample, ["a", "study"]) == ["view", "smoker"]


def test_the_categories_of_all_parts_add_up():
    sample = table(60, findings(60, ["a"]) | {"where": ["x", "y", ""] * 20})
    part = pd.Series(["train", "test"] * 30)
    found = people.by_category(sample, "where", part, ["a"], Task.BINARY)
    assert found["images"].sum() == 60
    assert set(found["where"]) == {"x", "y", "unknown"}
    assert (found["positive"] + found["negative"] + found["unknown"] == found["images"]).all()
    both = found[found["where"] == "x"].set_index("split")["mean a"]
    inside = (sample["where"] == "x") & (part == "test")
    assert both["test"] == pytest.approx(sample["a"][inside].mean())


def test_columns_say_what_is_unknown():
    sample = table(4, {"age": [1, 2, np.nan, 3.0], "view": ["PA", "PA", "", " "]})
    found = people.columns(sample, []).set_index("column")
    assert found.loc["age", "unknown"] == 1
    assert found.loc["age", "values"] == "1 to 3"
    assert found.loc["view", "values"] == "PA (2)"
    assert found.loc["view", "unknown"] == 2


def test_text_that_is_a_measurement_is_read_as_numbers():
    sample = table(
        40,
        {
            "weight": ["71,5", "", "68,0", "80"] * 10, "dose": [f"{k}" for k in range(40)],
            "ward": ["1", "2"] * 20, "note": ["1.5", "x"] * 20, "score": ["2.5", "3.5"] * 20,
        },
    )  # fmt: skip
    found = people.with_numbers(sample, ["score"])
    assert found["weight"].describe()[["count", "min", "max"]].tolist() == [30, 68.0, 80.0]
    assert found["dose"].sum() == sum(range(40))
    assert {name: found[name].tolist() for name in ("ward", "note", "score")} == {
        name: sample[name].tolist() for name in ("ward", "note", "score")
    }
    assert people.categorical(found, ["score"]) == ["ward", "note"]
