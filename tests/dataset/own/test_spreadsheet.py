import pytest

from medsmall.dataset.own import spreadsheet
from medsmall.errors import MedsmallError

GERMAN = "Bild;Größe\nä.png;1,5\nb.png;2\n"


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", "", ""),
        ("utf-8", "\ufeff", ""),
        ("cp1252", "", "Windows-1252 (it is not UTF-8), such as 'Größe'"),
        ("latin-1", "", "Windows-1252 (it is not UTF-8), such as 'Größe'"),
        ("utf-16", "", "UTF-16 (its byte order mark), such as 'Größe'"),
        ("utf-16-be", "\ufeff", "UTF-16 (its byte order mark)"),
        ("utf-16-le", "", "UTF-16-LE (zeros in every second byte)"),
        ("utf-16-be", "", "UTF-16-BE (zeros in every second byte)"),
        ("utf-32", "", "UTF-32 (its byte order mark)"),
    ],
)
def test_encodings_are_found_and_told(tmp_path, capsys, encoding, mark, said):
    file = tmp_path / f"{encoding}{len(mark)}.csv"
    file.write_bytes((mark + GERMAN).encode(encoding))
    table = spreadsheet.read(file)
    assert table.columns.tolist() == ["Bild", "Größe"]
    assert table["Bild"].tolist() == ["ä.png", "b.png"]
    told = capsys.readouterr().err
    assert (f"{file.name} is read as {said}" in told) if said else not told
    spreadsheet.read(file)
    assert capsys.readouterr().err == ""


def test_lines_of_two_encodings_are_each_read_in_their_own(tmp_path, capsys):
    file = tmp_path / "mixed.csv"
    file.write_bytes(
        "image;pid\na.png;Müller0\nc.png;x\n".encode() + "b.png;Müller0".encode("cp1252")
    )
    assert spreadsheet.read(file)["pid"].tolist() == ["Müller0", "x", "Müller0"]
    told = "special characters: 1 in UTF-8, 1 in Windows-1252), such as 'Müller0'"
    assert told in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    "text",
    [
        "Bild;Befund (Ja,Nein,Unklar)\na.png;Ja\nb.png;Nein\n",
        'Bild;"Größe; in mm, cm"\na.png;1,5\nb.png;2,5\n',
        "Bild;Größe, mm\na.png;1,5\nb.png;2,5\n",
    ],
)
def test_the_separator_is_the_one_of_the_rows(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    assert spreadsheet.read(tmp_path / "t.csv").shape == (2, 2)


def test_empty_columns_without_a_name_are_left_out(tmp_path):
    (tmp_path / "t.csv").write_text("image,,y,,\na.png,,1,,\nb.png,,0,,\n")
    assert spreadsheet.read(tmp_path / "t.csv").columns.tolist() == ["image", "y"]


def test_a_quote_without_partner_is_left_out_and_told(tmp_path, capsys):
    file = tmp_path / "quotes.csv"
    file.write_text('image;size;note\na.png;2;5" long\nb.png;3;"rim\n"c.png";1;"x;y"\n')
    table = spreadsheet.read(file)
    assert table["note"].tolist() == ['5" long', "rim", "x;y"]
    assert table["image"].tolist() == ["a.png", "b.png", "c.png"]
    assert "quotes.csv: line 3 has an unclosed quote" in capsys.readouterr().err
    file.write_text('image;note\na.png;"long\nb.png;1;"x\n')
    with pytest.raises(MedsmallError, match="correct the quotes"):
        spreadsheet.read(file)
