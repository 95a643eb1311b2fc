"""What every data set promises, checked on each; a new data set joins by one line in conftest."""

import ast
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from medsmall.dataset import Dataset
from medsmall.dataset.chestxray14 import ChestXray14
from medsmall.dataset.chexpert import CheXpert
from medsmall.dataset.mura import Mura
from medsmall.dataset.pneumoniamnist import PneumoniaMNIST
from medsmall.errors import MedsmallError

ALL = [ChestXray14, CheXpert, Mura, PneumoniaMNIST]
CONF = Path(__file__).parents[2] / "conf" / "dataset"
METADATA = ["age", "sex", "view"]

pytestmark = pytest.mark.parametrize("dataset", ALL, ids=lambda d: d.name)


def test_the_class_says_what_it_is(dataset):
    for attribute in ("name", "modality", "unit", "citation", "licence", "url"):
        assert isinstance(getattr(dataset, attribute), str)
    assert isinstance(dataset.exclusive, bool)
    assert dataset.url.startswith("https://")


def test_table_keeps_to_the_contract(dataset, phantoms):
    data: Dataset = dataset(str(phantoms[dataset]))
    table = data.table()
    assert isinstance(table.index, pd.RangeIndex)
    expected = ["image", "patient", "split", *data.labels, *METADATA]
    assert table.columns.tolist()[: len(expected)] == expected
    for column in ["image", "patient", "split", "sex", "view"]:
        assert table[column].dtype == "str", column
        assert table[column].notna().all()
    for column in [*data.labels, "age"]:
        assert table[column].dtype == "float64", column
    assert set(np.unique(table[data.labels])) <= {0, 1}
    assert set(table["split"]) <= {"train_val", "train", "val", "test", ""}
    assert set(table["sex"]) <= {"F", "M", ""}
    assert table["image"].is_unique
    assert not table["image"].str.startswith("/").any()
    assert data.unit in table.columns
    assert not (table["age"] > 120).any()


def test_parts_share_no_patient(dataset, phantoms):
    table = dataset(str(phantoms[dataset])).table()
    assert (table.groupby("patient")["split"].nunique() == 1).all()
    learnt = table[table["split"].isin(["train_val", "train"])]
    assert learnt[dataset(str(phantoms[dataset])).targets].sum().min() > 0


def test_each_image_reads_as_grey_bytes(dataset, phantoms):
    data = dataset(str(phantoms[dataset]))
    table = data.table()
    absent = data.absent(table)
    assert absent.dtype == bool
    assert not absent.any()
    assert absent.index.equals(table.index)
    for image in table["image"].iloc[::9]:
        pixels = data.read(image)
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 2
        assert pixels.std() > 10


def test_survives_the_way_to_a_worker(dataset, phantoms):
    data = dataset(str(phantoms[dataset]))
    image = data.table()["image"].iloc[0]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(data)).read(image), data.read(image))


def test_targets_are_those_asked_for_in_that_order(dataset):
    assert dataset("x", targets=dataset.labels[::-1]).targets == dataset.labels[::-1]
    assert set(dataset("x").targets) <= set(dataset.labels)


def test_bad_targets_are_named(dataset):
    last = dataset.labels[-1]
    misspelt = last.lower() + "s"
    with pytest.raises(MedsmallError, match=f"no target '{misspelt}' .did you mean '{last}'"):
        dataset("x", targets=[misspelt])
    with pytest.raises(MedsmallError, match=f"names {last} more than once"):
        dataset("x", targets=[last, last])
    with pytest.raises(MedsmallError, match="targets is empty"):
        dataset("x", targets=[])
    with pytest.raises(MedsmallError, match=rf"dataset.targets=\[{last}\]"):
        dataset("x", targets=last)


def test_bad_missing_images_is_named(dataset):
    with pytest.raises(MedsmallError, match="dataset.missing_images cannot be 'dropp'.*'drop'"):
        dataset("x", missing_images="dropp")


def test_an_absent_root_says_where_whence_and_how_else(dataset, tmp_path):
    root = tmp_path / "nowhere"
    options = {"download": False} if dataset is PneumoniaMNIST else {}
    with pytest.raises(MedsmallError) as error:
        dataset(str(root), **options).table()
    for part in (dataset.name, str(root), dataset.url, "phantom=true", "dataset.root"):
        assert part in str(error.value)
    assert not root.exists()


def test_the_yaml_holds_every_argument_at_its_default(dataset):
    text = (CONF / f"{dataset.name}.yaml").read_text()
    assert text.startswith("# ")
    config = yaml.safe_load(text)
    assert config.pop("_target_") == f"{dataset.__module__}.{dataset.__name__}"
    assert config.pop("root").startswith("${data_root}/")
    arguments = dict(inspect.signature(dataset).parameters)
    del arguments["root"]
    assert set(config) == set(arguments)
    config.pop("uncertain", None)  # a dict in the YAML, which cannot be a default argument
    assert config == {key: arguments[key].default for key in config}


def test_annotations_are_plain_text(dataset):
    """The configuration is checked against the source, which allows no names but these."""
    tree = ast.parse(Path(inspect.getfile(dataset)).read_text())
    [made] = [
        n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == dataset.__name__
    ]
    [init] = [n for n in made.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    for argument in init.args.args[1:]:
        names = {n.id for n in ast.walk(argument.annotation) if isinstance(n, ast.Name)}
        assert names <= {"str", "int", "bool", "float", "list", "dict", "Literal"}


def test_importing_brings_no_torch(dataset):
    heavy = "{'torch', 'cv2', 'medmnist'}"
    code = f"import sys, {dataset.__module__}; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_phantom_is_the_same_to_the_byte(dataset, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        (tmp_path / name).mkdir()
        dataset.write_phantom(tmp_path / name, 8, seed)
    first, second, other = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in sorted((tmp_path / n).rglob("*.*"))}
        for n in "abc"
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_the_smallest_phantoms_are_whole(dataset, patients, tmp_path):
    dataset.write_phantom(tmp_path, patients, 0)
    if patients > 1:
        table = dataset(str(tmp_path)).table()
        assert table["patient"].nunique() >= patients
