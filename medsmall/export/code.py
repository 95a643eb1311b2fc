"""What a bundle needs of medsmall, as files: copies of modules, found by what they import."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = "medsmall.bundle.command"
INSTEAD = {"medsmall.terminal": "medsmall.bundle.terminal"}  # without rich
MAIN = '''\
"""Answers of an exported model about new images: ``python BUNDLE IMAGE...``."""

import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def check() -> None:
    """Stop if a file of the code has changed: it would fail in a way that nobody can read."""
    try:
        for line in (HERE / "SHA256SUMS").read_text("utf-8").splitlines():
            digest, _, name = line.partition("  ")
            if not name.startswith("code/"):
                continue
            if hashlib.sha256((HERE / name).read_bytes()).hexdigest() != digest:
                stop(f"{name} is not as it was exported (sha256)")
    except OSError as error:
        stop(f"{error.filename} cannot be read")


def stop(what: str) -> None:
    """Say what is damaged."""
    print(f"The bundle {HERE} is damaged: {what}. Export or copy it again.", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.dont_write_bytecode = True  # a bundle stays as it is
    check()
    sys.path.insert(0, str(HERE / "code"))
    from medsmall.bundle.command import main

    main(HERE)
'''


def code() -> dict[str, bytes]:
    """The files of code in a bundle, by their path in it.

    Modules are copied as they are. Of a package whose ``__init__`` imports something only its
    docstring is kept: who needs a module names it.
    """
    found = {"__main__.py": MAIN.encode()}
    for name in sorted(needed()):
        source = _file(INSTEAD.get(name, name))
        path = ROOT.joinpath(*name.split("."))
        inside = path.with_suffix(".py") if path.with_suffix(".py").is_file() else (
            path / "__init__.py"
        )  # fmt: skip
        text = source.read_text("utf-8")
        if source.name == "__init__.py":
            text = f'"""{ast.get_docstring(ast.parse(text), clean=False)}"""\n'
        found[f"code/{inside.relative_to(ROOT).as_posix()}"] = text.encode()
    return found


def needed() -> set[str]:
    """The modules of medsmall that the command of a bundle imports, and their packages."""
    found: set[str] = set()
    waiting = [START]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [name.rpartition(".")[0]] if "." in name else []
        source = _file(INSTEAD.get(name, name))
        if source.name != "__init__.py":
            waiting += _imported(source)
    return found


def _imported(source: Path) -> list[str]:
    """The modules of medsmall that a file imports, also within functions."""
    found = []
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("medsmall"):
            assert node.module is not None
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if _is_module(name) else node.module for name in inside]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("medsmall")]
    return found


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _file(name: str) -> Path:
    path = ROOT.joinpath(*name.split("."))
    module = path.with_suffix(".py")
    return module if module.is_file() else path / "__init__.py"
