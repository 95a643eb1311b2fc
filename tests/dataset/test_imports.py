"""Data sets are imported where a second counts: in commands, and in worker processes."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from datasets import OPTIONS, made

import medsmall

PACKAGE = Path(medsmall.__file__).parent
ABOVE = {"cache", "audit", "train", "explore", "run"}  # these use data sets, not the reverse


def test_importing_them_brings_no_torch():
    heavy = "{'torch', 'cv2', 'medmnist', 'pydicom', 'matplotlib'}"
    modules = ", ".join(sorted({type(made(option, "x")).__module__ for option in OPTIONS}))
    code = f"import sys, {modules}; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def modules_of(folder):
    """Dotted name -> source of each module in a folder of the package."""
    files = (PACKAGE / folder).rglob("*.py")
    parts = {file: file.relative_to(PACKAGE.parent).with_suffix("").parts for file in files}
    return {".".join(p).removesuffix(".__init__"): f.read_text() for f, p in parts.items()}


def imported(source):
    """What a module imports of the package, wherever in it, with the names it takes from there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("medsmall"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("medsmall"):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def graph_of(*folders):
    """Module -> the modules of the folders that it imports; a name of a module is that module."""
    sources = {name: text for folder in folders for name, text in modules_of(folder).items()}
    found = {}
    for module, text in sources.items():
        reached = (n if n in sources else n.rpartition(".")[0] for n in imported(text))
        found[module] = {name for name in reached if name in sources}
    return found


def test_no_import_runs_in_a_circle():
    graph = graph_of("dataset", "phantom")
    assert "medsmall.dataset.phantoms.table" in graph["medsmall.dataset.table"]  # also late ones
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize(("folder", "not_from"), [("dataset", ABOVE), ("phantom", {"dataset"})])
def test_nothing_is_imported_from_above(folder, not_from):
    for module, text in modules_of(folder).items():
        reached = {name.split(".")[1] for name in imported(text) if "." in name}
        assert not reached & (not_from | ABOVE), module
