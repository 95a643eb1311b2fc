from pathlib import Path

import pandas as pd
import pytest

from medsmall.dataset.guess import roles
from medsmall.dataset.own.column import Column


def free(**columns):
    return {
        name: Column(Path("t.csv"), pd.Series(cells, dtype="str", name=name))
        for name, cells in columns.items()
    }


IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    "name",
    ["Pat.-Nr.", "PatNr", "Pat_ID", "Patienten-ID", "paciente", "Paziente", "Nº paciente", "NHC",
     "Fallnummer", "Fall-Nr.", "N° dossier", "caso", "Patiëntnummer"],
)  # fmt: skip
def test_patients(name):
    chosen = roles.patient_of(free(Nr=IDS, **{name: IDS}))
    assert chosen is not None
    assert chosen[0] == name


def test_a_patient_goes_before_a_case():
    chosen = roles.patient_of(free(Fallnummer=IDS, **{"Pat.-Nr.": IDS}))
    assert chosen is not None
    assert chosen[0] == "Pat.-Nr."


@pytest.mark.parametrize(
    "name", ["Alter", "âge", "edad", "età", "idade", "leeftijd", "Patientenalter", "Age (years)"]
)
def test_ages(name):
    assert roles.age_of(free(**{name: ["45 J.", "7,5", ""]})) == (name, "its name; 8 to 45 years")


def test_an_age_of_bones_is_none():
    assert roles.age_of(free(bone_age=["12", "13"])) is None


@pytest.mark.parametrize("name", ["Geschlecht", "sexe", "sexo", "sesso", "geslacht", "Gender"])
def test_sexes(name):
    assert roles.sex_of(free(**{name: ["f", "m", "f"]})) == (name, "its name; 2 F, 1 M")


def test_codes_are_a_sex_and_no_label():
    chosen = roles.sex_of(free(Geschlecht=["0", "1", "1"]))
    assert chosen == ("Geschlecht", "its name; 0 F, 0 M")
    assert roles.sex_of(free(weiblich=["0", "1", "1"])) == ("weiblich", "its name; 2 F, 1 M")
    assert roles.sex_of(free(edema=["0", "1", "1"])) is None


@pytest.mark.parametrize("name", ["Befund", "Diagnose", "diagnóstico", "Klasse", "clase"])
def test_labels_by_their_name(name):
    columns = free(ort=["l", "r"] * 6, **{name: ["a", "b"] * 6})
    assert roles.labels(columns, Path("t.csv"))[0] == name


@pytest.mark.parametrize("name", ["Ansicht", "Projektion", "incidence", "proyección"])
def test_views(name):
    assert roles.view_of(free(**{name: ["AP", "PA"]})) == (name, "its name")
