from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from medsmall.dataset.own.classes import positive_of, why_positive
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError


def column(*cells, name="x"):
    return Column(Path("images.csv"), pd.Series(cells, dtype="str", name=name))


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,5", "2", "-0,25"], [1.5, 2, -0.25]),
        (["0,125", "1,250"], [0.125, 1.25]),
        (["1,5", "k.A.", "-", "2,5"], [1.5, np.nan, np.nan, 2.5]),
        (["1,5e-3", "2"], [0.0015, 2]),
    ],
)
def test_decimal_commas_are_read_where_they_are_sure(cells, values, capsys):
    sure = column(*cells, name=f"commas in {cells}")
    assert sure.kind == "numbers"
    np.testing.assert_allclose(sure.numbers(), values)
    assert "commas are read as decimal commas, '" in capsys.readouterr().err


@pytest.mark.parametrize("cells", [["1,250", "2,500"], ["1,5", "2.5"], ["1,234.5"], ["1,2,3"]])
def test_other_commas_are_refused(cells):
    with pytest.raises(MedsmallError, match="is not a number"):
        column(*cells).numbers()


def test_a_dash_is_unknown_among_numbers_alone():
    np.testing.assert_array_equal(column("1", "-", "0").yes_no(), [1, np.nan, 0])
    np.testing.assert_array_equal(column("+", "-", "").yes_no(), [1, 0, np.nan])


@pytest.mark.parametrize("words", ["JN", "jn", "yn", "+-"])
def test_letters_are_yes_and_no_where_both_occur(words):
    both = column(*words, words[1])
    assert both.kind == "yes or no"
    np.testing.assert_array_equal(both.yes_no(), [1, 0, 0])
    assert column(*words, "x").kind == column(words[0], "x").kind == "text"


def test_yes_and_no_of_other_languages():
    for yes, no in (("ja", "nein"), ("OUI", "non"), ("sí", "no"), ("WAHR", "FALSCH")):
        assert column(yes, no).yes_no().tolist() == [1, 0]


def test_all_spellings_are_listed_at_once_and_merged():
    cells = ["KERATOSE", "Keratose", "Keratose", "naevus", "Naevus", "", "k.A.", "MELANOM"]
    with pytest.raises(MedsmallError) as error:
        column(*cells).classes()
    told = str(error.value)
    assert "'KERATOSE' and 'Keratose' are one class, 'Naevus' and 'naevus' are one class;" in told
    assert "merge them into 'Keratose', 'Naevus' (python -m medsmall.init --merge" in told
    merge = {"KERATOSE": "Keratose", "naevus": "Naevus"}
    names = ["Keratose"] * 3 + ["Naevus"] * 2 + ["", "", "MELANOM"]
    assert column(*cells).classes(merge).tolist() == names


def test_words_that_count_as_unknown_are_told(capsys):
    column("a", "unbekannt", "k.A.", "", "k.A.", name="told").classes()
    assert "column 'told': 'k.A.' (2), 'unbekannt' (1) count as unknown" in capsys.readouterr().err


@pytest.mark.parametrize(
    "classes", ["krank gesund", "Tumor kein_Tumor", "malin bénin", "auffällig unauffällig"]
)
def test_the_absence_of_a_finding_is_not_the_positive_class(classes):
    found, absent = classes.split()
    assert positive_of([absent, found], None) == found


def test_a_control_is_the_negative_class_and_an_arbitrary_choice_is_told():
    for control in ("Kontrolle", "controle", "contrôle", "controllo", "gesund"):
        assert positive_of([control, "AMD"], None) == "AMD"
        assert why_positive([control, "AMD"]).startswith("of the two classes")
    assert "neither name says which is the finding; set positive" in why_positive(["mel", "nev"])
