"""What each part of the package may import: ideas that come before it, and no heavy library."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import medsmall

PACKAGE = Path(medsmall.__file__).parent
MAY_IMPORT = {
    "split": {"errors", "task"},
    "evaluation": {"task"},
    "augmentation": {"configs", "errors"},
    "cache": {"dataset", "errors", "terminal"},
    "audit": {
        "atomic", "cache", "command", "dataset", "errors", "schema", "split", "task", "terminal",
    },
    "explore": {
        "augmentation", "cache", "command", "dataset", "errors", "schema", "task", "terminal",
    },
}  # fmt: skip


def imported(file: Path) -> set[str]:
    """The modules and folders of medsmall that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if re.match(r"medsmall\.", name)}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_comes_before_it(folder):
    for file in (PACKAGE / folder).glob("*.py"):
        assert imported(file) <= MAY_IMPORT[folder] | {folder}, file.name


@pytest.mark.parametrize(
    "module", ["evaluation.metrics", "evaluation.units", "split", "augmentation", "cache", "schema"]
)
def test_none_of_these_brings_torch(module):
    heavy = "{'torch', 'pytorch_lightning', 'timm', 'matplotlib'}"
    code = f"import sys, medsmall.{module}; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
