"""What every data set promises, checked on each that has a YAML in conf/dataset."""

import ast
import inspect
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from datasets import CONF, OPTIONS, made
from hydra.utils import get_class

from medsmall.dataset import MODALITIES
from medsmall.dataset.files import absent_files
from medsmall.errors import MedsmallError
from medsmall.task import Task

METADATA = ["age", "sex", "view"]
OWN = {"table", "folder"}  # people's own data: labels are known once it is read
# patients of the phantoms below; others have 16
PATIENTS = {"chestxray14": 60, "ham10000": 60, "idc": 6, "malaria": 6}

pytestmark = pytest.mark.parametrize("option", OPTIONS)


class Releases(dict):
    """Option -> root of its generated release, small and written when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __missing__(self, option: str) -> Path:
        root = self.folder / option
        root.mkdir()
        made(option, root).write_phantom(root, PATIENTS.get(option, 16), 0)
        self[option] = root
        return root


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    """Smaller than those of the other tests."""
    return Releases(tmp_path_factory.mktemp("small"))


def kind_of(option):
    return get_class(yaml.safe_load((CONF / f"{option}.yaml").read_text())["_target_"])


def test_it_says_what_it_is(option):
    data = made(option, "nowhere")
    for attribute in ("name", "variant", "unit", "citation", "licence", "url"):
        assert isinstance(getattr(data, attribute), str)
    assert data.modality in MODALITIES
    assert option in OWN or data.url.startswith("https://")


def test_table_keeps_to_the_contract(option, phantoms):
    data = made(option, phantoms[option])
    table = data.table()
    assert isinstance(table.index, pd.RangeIndex)
    expected = ["image", "patient", "split", *data.labels, *METADATA]
    assert table.columns.tolist()[: len(expected)] == expected
    for column in ["image", "patient", "split", "sex", "view"]:
        assert table[column].dtype == "str", column
        assert table[column].notna().all()
    for column in [*data.labels, "age"]:
        assert table[column].dtype == "float64", column
    assert set(table["split"]) <= {"train_val", "train", "val", "test", ""}
    assert set(table["sex"]) <= {"F", "M", ""}
    assert table["image"].is_unique
    assert not table["image"].str.startswith("/").any()
    assert data.unit == "image" or data.unit in table.columns
    assert not (table["age"] > 120).any()


def test_labels_are_of_the_task(option, phantoms):
    data = made(option, phantoms[option])
    table = data.table()
    assert isinstance(data.task, Task)
    assert (len(data.targets) == 1) <= (data.task in (Task.BINARY, Task.REGRESSION))
    learnt = table[table["split"].isin(["train_val", "train", ""])]
    if data.task is Task.REGRESSION:
        assert learnt[data.targets].nunique().min() > 10
        return
    assert set(np.unique(table[data.targets])) <= {0, 1}
    assert learnt[data.targets].sum().min() > 0
    if data.task is Task.MULTICLASS:
        assert (table[data.targets].sum(axis=1) == 1).all()


def test_each_image_reads_as_bytes(option, phantoms):
    data = made(option, phantoms[option])
    table = data.table()
    absent = absent_files(data, table["image"])
    assert absent.dtype == bool
    assert not absent.any()
    assert absent.index.equals(table.index)
    for image in table["image"].iloc[::9]:
        pixels = data.files.read(image)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 2 or pixels.shape[2] == 3
        assert "x-ray" not in data.modality or pixels.ndim == 2
        assert pixels.std() > 5


def test_it_survives_the_way_to_a_worker(option, phantoms):
    data = made(option, phantoms[option])
    image = data.table()["image"].iloc[0]
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(data)).files.read(image), data.files.read(image)
    )


def test_targets_are_those_asked_for_in_that_order(option, phantoms):
    data = made(option, phantoms[option])
    assert set(data.targets) <= set(data.labels)
    assert made(option, phantoms[option], targets=data.labels[::-1]).targets == data.labels[::-1]


def test_bad_targets_are_named(option, phantoms):
    def targets(names):
        data = made(option, phantoms[option], targets=names)
        data.table()  # people's own tables are looked into no earlier
        return data.targets

    last = targets(None)[-1]
    misspelt = f"{last}s"
    with pytest.raises(MedsmallError, match=f"'{misspelt}'.*did you mean '{last}'"):
        targets([misspelt])
    with pytest.raises(MedsmallError, match=f"names {last} more than once"):
        targets([last, last])
    with pytest.raises(MedsmallError, match="targets is empty"):
        targets([])
    with pytest.raises(MedsmallError, match=rf"dataset.targets=\[{last}\]"):
        targets(last)


def test_bad_missing_images_is_named(option):
    with pytest.raises(MedsmallError, match="dataset.missing_images cannot be 'dropp'.*'drop'"):
        made(option, "x", missing_images="dropp")


def test_an_absent_root_says_where_whence_and_how_else(option, tmp_path):
    root = tmp_path / "nowhere"
    has_download = "download" in inspect.signature(kind_of(option)).parameters
    data = made(option, root, **({"download": False} if has_download else {}))
    with pytest.raises(MedsmallError) as error:
        data.table()
    whence = [] if option in OWN else [data.url]
    for part in (data.name, str(root), *whence, "phantom=true", "dataset.root"):
        assert part in str(error.value)
    assert not root.exists()


def test_the_yaml_holds_every_argument_at_its_default(option):
    text = (CONF / f"{option}.yaml").read_text()
    assert text.startswith("# ")
    config = yaml.safe_load(text)
    kind = kind_of(option)
    assert config.pop("_target_") == f"{kind.__module__}.{kind.__name__}"
    assert config.pop("root").startswith("${data_root}"), "root: ${data_root}/<name>"
    arguments = dict(inspect.signature(kind).parameters)
    del arguments["root"]
    assert set(config) == set(arguments)
    config.pop("uncertain", None)  # a dict in the YAML, which cannot be a default argument
    config.pop("flag", None)  # it chooses the release
    assert config == {key: arguments[key].default for key in config}


def test_annotations_are_plain_text(option):
    """The configuration is checked against the source, which allows no names but these."""
    kind = kind_of(option)
    tree = ast.parse(Path(inspect.getfile(kind)).read_text())
    [made_by] = [
        n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == kind.__name__
    ]
    [init] = [n for n in made_by.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    for argument in init.args.args[1:]:
        names = {n.id for n in ast.walk(argument.annotation) if isinstance(n, ast.Name)}
        assert names <= {"str", "int", "bool", "float", "list", "dict", "Literal"}


def test_the_phantom_is_whole_and_the_same_to_the_byte(option, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        (tmp_path / name).mkdir()
        made(option, tmp_path / name).write_phantom(tmp_path / name, 3, seed)
    first, second, other = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in sorted((tmp_path / n).rglob("*.*"))}
        for n in "abc"
    )
    assert first == second
    assert first != other
    assert made(option, tmp_path / "a").table()["patient"].nunique() >= 3


def test_the_smallest_phantom_is_whole(option, tmp_path):
    data = made(option, tmp_path)
    data.write_phantom(tmp_path, 2, 0)
    assert data.table()["patient"].nunique() >= 2
