import numpy as np
import pandas as pd

from medsmall.split import deviation


def test_prevalence_among_the_known_against_that_of_the_whole():
    table = pd.DataFrame(
        {
            "A": [1, 0, np.nan, 1, 0, 0, np.nan, 0, 1.0],
            "B": 0.0,
            "months": [1, 3, 5, 3, 3, 3, 3, 3, 3],
        }
    )
    split = pd.Series(["train"] * 5 + ["val", "val"] + ["test"] * 2)
    shuffled = np.random.default_rng(0).permutation(len(table))
    rows = deviation(table.iloc[shuffled], split.iloc[shuffled], ["A", "B", "months"])
    assert rows["target"].tolist() == ["A"] * 3 + ["B"] * 3 + ["months"] * 3
    assert rows["part"].tolist() == ["train", "val", "test"] * 3
    assert rows["known"].tolist() == [4, 1, 2, 5, 2, 2, 5, 2, 2]
    np.testing.assert_allclose(rows["prevalence"], [0.5, 0, 0.5, 0, 0, 0, 3, 3, 3])
    whole = 3 / 7
    np.testing.assert_allclose(rows["deviation"][:3], [0.5 / whole - 1, -1, 0.5 / whole - 1])
    assert rows["deviation"][3:6].isna().all()  # no positive anywhere
    np.testing.assert_allclose(rows["deviation"][6:], 0)


def test_numbers_deviate_in_standard_deviations():
    table = pd.DataFrame({"months": [2.0, 4.0, 2.0, 4.0]})
    split = pd.Series(["train", "train", "val", "test"])
    assert deviation(table, split, ["months"])["deviation"].tolist() == [0, -1, 1]
