from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset.own.column import Column
from medsmall.dataset.own.people import ages, sexes, sexes_of, years_of


def column(name, *cells):
    return Column(Path("images.csv"), pd.Series(cells, dtype="str", name=name))


@pytest.mark.parametrize(
    ("written", "years"),
    [
        ("58", 58), ("58,5", 58.5), ("58.5", 58.5), ("045Y", 45), ("45 J.", 45), ("45 Jahre", 45),
        ("45 ans", 45), ("45 años", 45), ("45 anni", 45), ("45 anos", 45), ("45 jaar", 45),
        ("45y", 45), ("45 yrs", 45), ("006M", 0.5), ("6 Monate", 0.5), ("6 mois", 0.5),
        ("6 mesi", 0.5), ("010D", 10 / 365.25), ("10 Tage", 10 / 365.25), ("002W", 14 / 365.25),
        ("0", 0), ("120", 120), ("121", np.nan), ("-3", np.nan), ("45M", np.nan), ("old", np.nan),
        ("40-49", np.nan), ("", np.nan),
    ],
)  # fmt: skip
def test_ages(written, years):
    np.testing.assert_allclose(years_of(column("Alter", written, "30")), [years, 30])


@pytest.mark.parametrize("name", ["Alter (Monate)", "age_months", "âge en mois"])
def test_the_name_of_the_column_may_tell_the_unit(name):
    np.testing.assert_allclose(years_of(column(name, "6", "2 ans")), [0.5, 2])


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("sex", "F M Female male f. unknown", "F M F M F -"),
        ("Geschlecht", "w m Weiblich männlich Frau d", "F M F M F -"),
        ("sexe", "F H femme Homme", "F M F M"),
        ("sexe", "f m féminin masculin", "F M F M"),
        ("sexo", "H M M", "M F F"),
        ("sexo", "Hombre mujer m", "M F F"),
        ("sexo", "F M", "F M"),
        ("sexo", "M M", "- -"),
        ("sexo", "V M", "M F"),
        ("geslacht", "v m", "F M"),
        ("sex", "v m", "- -"),
        ("sexe", "F H M", "F M -"),
        ("sesso", "u d", "M F"),
        ("sex", "m f u", "M F -"),
        ("sex", "0 1", "- -"),
        ("male", "0 1 true", "F M M"),
        ("ist_weiblich", "0 1 ja", "M F F"),
        ("Geschlecht (1=m, 2=w)", "1 2 2.0", "M F F"),
        ("sex", "m", "M"),
    ],
)
def test_sexes(name, cells, expected):
    found = sexes_of(column(name, *cells.split()))
    assert found.replace("", "-").tolist() == expected.split()


def test_what_is_not_understood_is_told_with_its_count(capsys):
    sexes(column("sex of these", *"0101", "", "?"))
    ages(column("age of these", "300", "old", "50"))
    said = capsys.readouterr().err
    assert (
        "images.csv, column 'sex of these': 4 of 6 cells hold no clear sex and "
        "count as unknown: '0' (2), '1' (2).\n"
    ) in said
    assert "2 of 3 cells hold no age from 0 to 120 years and count as unknown: '300' (1), " in said
    sexes(column("sex of these", *"0101", "", "?"))
    sexes(column("all known", "w", "m", ""))
    assert capsys.readouterr().err == ""
