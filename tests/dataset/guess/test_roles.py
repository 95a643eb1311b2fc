from pathlib import Path

import pandas as pd
import pytest

from medsmall.dataset.guess import roles
from medsmall.dataset.own.column import Column
from medsmall.errors import MedsmallError


def free(**columns):
    return {
        name: Column(Path("t.csv"), pd.Series(cells, dtype="str", name=name))
        for name, cells in columns.items()
    }


IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    "name",
    ["Pat.-Nr.", "PatNr", "Pat_ID", "Patienten-ID", "paciente", "Paziente", "Nº paciente", "NHC",
     "Fallnummer", "Fall-Nr.", "N° dossier", "caso", "Patiëntnummer", "Patient Name",
     "patient_number", "PatientID", "Probandencode", "case", "Untersuchungsnummer", "lesion_id",
     "slide", "study_id", "StudyInstanceUID", "accession_number", "id_paciente", "pID"],
)  # fmt: skip
def test_patients(name):
    chosen = roles.patient_of(free(Nr=IDS, **{name: IDS}))
    assert chosen is not None
    assert chosen[0] == name


def test_a_patient_goes_before_a_case():
    chosen = roles.patient_of(free(Fallnummer=IDS, **{"Pat.-Nr.": IDS}))
    assert chosen is not None
    assert chosen[0] == "Pat.-Nr."


REPEATED = [f"p{i // 2}" for i in range(60)]


@pytest.mark.parametrize(
    ("patient", "other"),
    [("Patient", "PatientSize"), ("pid", "subjective_quality"), ("mrn", "personnel"),
     ("lesion_id", "lesion_location"), ("PatientID", "patient_weight"), ("case", "PatientPosition"),
     ("pid", "patient_type"), ("subject_id", "PatientBirthDate"), ("study_id", "patient_remark")],
)  # fmt: skip
def test_an_identifier_goes_before_what_is_said_of_patients(patient, other):
    columns = {other: [f"{i // 3}" for i in range(60)], patient: REPEATED}
    if other == "patient_remark":  # it may be a group, but differs in every row
        columns[other] = [f"text {i}" for i in range(60)]
    chosen = roles.patient_of(free(**columns))
    assert chosen is not None
    assert chosen[0] == patient


def test_what_repeats_goes_before_what_differs_in_every_row():
    chosen = roles.patient_of(free(patient_id=[f"{i}" for i in range(60)], case=REPEATED))
    assert chosen is not None
    assert chosen[0] == "case"


@pytest.mark.parametrize(
    "name", ["hospital_patient_no", "patient_account_number", "trauma_case_id"]
)
def test_longer_names_are_patients_where_values_repeat(name):
    chosen = roles.patient_of(free(**{name: REPEATED}))
    assert chosen is not None
    assert chosen[0] == name
    assert roles.patient_of(free(**{name: IDS})) is None


@pytest.mark.parametrize(
    "name",
    ["StudyDate", "exam_date", "study_comment", "study_site", "lesion_size_mm", "Gewicht_Patient",
     "Patientenstatus", "patient_type", "person_in_charge_count", "PatientComments", "personnel",
     "patient_diagnosis", "ImageOrientationPatient"],
)  # fmt: skip
def test_what_is_said_of_patients_does_not_tell_them_apart(name):
    assert roles.patient_of(free(**{name: REPEATED})) is None


@pytest.mark.parametrize("name", ["lesion_type", "lesion", "patient_kind", "exam"])
def test_classes_are_no_patients(name):
    assert roles.patient_of(free(**{name: ["mel", "nev", "bkl"] * 20})) is None


def test_a_partly_blank_patient_names_the_way_out():
    with pytest.raises(MedsmallError, match="--patient none"):
        roles.patient_of(free(pid=["", *REPEATED]))


@pytest.mark.parametrize("name", ["age_group", "Altersgruppe", "age_band", "age_m"])
def test_a_group_or_an_unknown_unit_is_no_age(name):
    assert roles.age_of(free(**{name: ["1", "2", "5"]})) is None
    assert roles.age_of(free(**{name: ["1", "2"], "age": ["40", "50"]})) == (
        "age", "its name; 40 to 50 years",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["age_mo", "age (mo)", "Alter (Mon.)", "Alter [Mo]", "leeftijd_mnd"]
)
def test_months_in_the_name_of_an_age(name):
    assert roles.age_of(free(**{name: ["12", "120"]})) == (name, "its name; 1 to 10 years")


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


def test_patients_that_never_repeat_may_be_numbers_of_images():
    (_, one_each), (_, repeated) = (
        roles.patient_of(free(patient_id=ids)) for ids in ([f"{i}" for i in range(60)], REPEATED)
    )
    assert "if these number images rather than patients, give --patient none" in one_each
    assert "if these" not in repeated
