"""What a class or function takes, read from its source text without importing it."""

import ast
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional, Union

from medsmall.errors import MedsmallError

NAMES = {
    "Any": Any, "Literal": Literal, "Optional": Optional, "Union": Union,
    "bool": bool, "dict": dict, "float": float, "int": int, "list": list, "str": str,
}  # fmt: skip
WORDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "str": "text",
    "None": "null", "list": "a list", "dict": "keys with values",
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """Arguments of a callable, or keys of a TypedDict, as their annotations state them.

    Attributes:
        types: by name; Any for a type of a library's own, which checks its arguments itself.
        words: the same for people, such as "a whole number or null".
        open_ended: whether it also takes any other keyword.
    """

    types: dict[str, Any]
    words: dict[str, str]
    open_ended: bool


@lru_cache
def signature(target: str) -> Signature:
    """What the class or function `target` (the dotted path of its definition) takes.

    Raises MedsmallError where there is no such module, or nothing of that name in it.
    """
    module, _, name = target.rpartition(".")
    tree = ast.parse(_source(module, target).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _from_arguments(node.args)
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _from_class(node)
    raise MedsmallError(f"{target}: the file of {module} defines no '{name}'.")


def _source(module: str, target: str) -> Path:
    """The source file of `module`, found without importing its parents."""
    package, *inner = module.split(".")
    spec = importlib.util.find_spec(package) if package else None
    if not inner and spec and spec.origin and Path(spec.origin).suffix == ".py":
        return Path(spec.origin)
    for folder in spec.submodule_search_locations or [] if spec else []:
        for file in (Path(folder, *inner).with_suffix(".py"), Path(folder, *inner, "__init__.py")):
            if file.is_file():
                return file
    raise MedsmallError(f"{target}: no module '{module}' is installed; is an extra missing?")


def _from_class(node: ast.ClassDef) -> Signature:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _from_arguments(item.args)
    made_of = " ".join(ast.unparse(item) for item in [*node.decorator_list, *node.bases])
    if "dataclass" in made_of or "TypedDict" in made_of:
        fields = [
            ast.arg(item.target.id, item.annotation)
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and "ClassVar" not in ast.unparse(item.annotation)
        ]
        return _from_arguments(ast.arguments([], fields, None, [], [], None, []))
    return Signature({}, {}, open_ended=bool(node.bases))


def _from_arguments(arguments: ast.arguments) -> Signature:
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named = [argument for argument in everything if argument.arg != "self"]
    return Signature(
        {argument.arg: _type(argument.annotation) for argument in named},
        {argument.arg: _in_words(argument.annotation) for argument in named},
        open_ended=arguments.kwarg is not None,
    )


def _type(annotation: ast.expr | None) -> Any:
    if annotation is None:
        return Any
    try:
        return eval(ast.unparse(annotation), {"__builtins__": {}}, NAMES)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return Any


def _in_words(annotation: ast.expr | None) -> str:
    match annotation:
        case None:
            return "anything"
        case ast.BinOp(left=left, right=right):  # left | right
            return f"{_in_words(left)} or {_in_words(right)}"
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return f"{_in_words(inner)} or null"
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=kinds)):
            return " or ".join(map(_in_words, kinds))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return "one of " + ast.unparse(choices).strip("()").replace("'", "")
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return f"a list of {_in_words(inner)}"
        case ast.Subscript(value=kind):  # dict[str, ...]
            return _in_words(kind)
    text = ast.unparse(annotation)
    return WORDS.get(text, text)
