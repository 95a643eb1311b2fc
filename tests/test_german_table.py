"""A table as a German clinic exports it, on real films, from the file to the sample table."""

import numpy as np
import pytest
import yaml

from medsmall.configs import compose
from medsmall.dataset.guess.infer import infer
from medsmall.dataset.opening import open_table
from medsmall.errors import MedsmallError
from medsmall.init import main

BEFUNDE = ["KERATOSE", "Keratose ", "Keratose", "Naevus", "k.A.", "", "Naevus", "naevus"]
GESCHLECHT = ["m", "w", "männlich", "W", "w", "unbekannt", "1", "M"]
ALTER = ["58", "61,5", "45 J.", "", "414", "70", "33", "006M"]


@pytest.fixture
def clinic(real_data, tmp_path, monkeypatch):
    """Eight real films with a table in Windows-1252, two to a patient."""
    films = sorted((real_data / "chestxray14" / "images").glob("*.png"))[:8]
    lines = ["Bild;Pat.-Nr.;Fallnummer;Alter;Geschlecht;Größe in mm;Befund;Bemerkung"]
    (tmp_path / "Aufnahmen").mkdir()
    for i, film in enumerate(films):
        (tmp_path / "Aufnahmen" / f"Bild {i}.png").write_bytes(film.read_bytes())
        cells = [f"Aufnahmen\\Bild {i}.png", f"0{i // 2}", f"F{i}", ALTER[i], GESCHLECHT[i],
                 f"{i},{i}5", BEFUNDE[i], "Verlauf, 2. Aufnahme"]  # fmt: skip
        lines.append(";".join(cells))
    lines[3] = lines[3].replace("Verlauf", '"Verlauf')
    (tmp_path / "Untersuchungen.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEDSMALL_CONF", raising=False)
    return tmp_path / "Untersuchungen.csv"


def test_a_german_table_is_read_as_it_comes(clinic, capsys):
    both = "'KERATOSE' and 'Keratose' are one class, 'Naevus' and 'naevus' are one class.*--merge"
    with pytest.raises(MedsmallError, match=both):
        infer(clinic, "x")
    with pytest.raises(SystemExit):
        main([str(clinic), "--no-merge"])
    assert not (clinic.parent / "conf").exists()
    main([str(clinic), "--modality", "chest x-ray"])
    told = capsys.readouterr()
    for part in (
        "Untersuchungen.csv is read as Windows-1252 (it is not UTF-8), such as 'Größe'.",
        "line 4 has an unclosed quote, which is ignored.",
        "column 'Befund': 'k.A.' (1) count as unknown.",
        "column 'Alter': 1 of 8 cells hold no age from 0 to 120 years and count as unknown: '414'",
        "column 'Geschlecht': 1 of 8 cells hold no clear sex and count as unknown: '1' (1).",
    ):
        assert part in told.err
    assert "Audit of untersuchungen" in told.out
    values = yaml.safe_load((clinic.parent / "conf/dataset/untersuchungen.yaml").read_text())
    assert values["merge"] == {"KERATOSE": "Keratose", "naevus": "Naevus"}

    data, rows = open_table(compose(["dataset=untersuchungen"]))
    assert data.targets == ["Naevus"]
    np.testing.assert_array_equal(rows["Naevus"], [0, 0, 0, 1, np.nan, np.nan, 1, 1])
    assert rows["patient"].tolist() == ["00", "00", "01", "01", "02", "02", "03", "03"]
    np.testing.assert_allclose(rows["age"], [58, 61.5, 45, np.nan, np.nan, 70, 33, 0.5])
    assert rows["sex"].tolist() == ["M", "F", "M", "F", "F", "", "", "M"]
    assert rows["image"][0] == "Aufnahmen/Bild 0.png"

    main([str(clinic), "--label", "Größe in mm", "--task", "regression"])
    assert "label: Befund -> Größe in mm" in capsys.readouterr().out
    data, rows = open_table(compose(["dataset=untersuchungen"]))
    np.testing.assert_allclose(rows["Größe in mm"][:3], [0.05, 1.15, 2.25])
