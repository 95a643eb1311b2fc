"""Checks a composed config against the signatures that it will be bound to.

The signatures are read from the source text, not by importing: a wrong type is answered in a
second, before torch is loaded. The annotation of an argument is therefore its whole schema,
and a new option needs no second declaration.
"""

import ast
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional, Union

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from medsmall.configs import config_dir, groups
from medsmall.errors import MedsmallError, did_you_mean

HYDRAS_OWN = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}
NAMES = {
    "Any": Any, "Literal": Literal, "Optional": Optional, "Union": Union,
    "bool": bool, "dict": dict, "float": float, "int": int, "list": list, "str": str,
}  # fmt: skip
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
WORDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "str": "text",
    "None": "null",
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """Arguments of a callable with their types; `open_ended` if it also takes any keyword."""

    name: str
    types: dict[str, Any]
    words: dict[str, str]
    open_ended: bool


ROOT = Signature(  # the keys of conf/train.yaml that are no group
    "the config",
    {
        "seed": int,
        "image_size_px": int,
        "batch_size": int,
        "num_workers": int | None,
        "phantom": bool,
        "audit": dict,
        "select_by": Literal["val_loss", "val_auroc", "val_mae", "last"],
        "data_root": str,
        "output_root": str,
        "cache_root": str,
        "name": str,
        "choices": dict,
    },
    {
        "seed": "a whole number",
        "image_size_px": "a whole number",
        "batch_size": "a whole number",
        "num_workers": "a whole number or null",
        "phantom": "true or false",
        "audit": "allow and its list",
        "select_by": "one of val_loss, val_auroc, val_mae, last",
        "data_root": "text",
        "output_root": "text",
        "cache_root": "text",
        "name": "text",
    },
    open_ended=False,
)


def check(cfg: DictConfig) -> dict[str, Any]:
    """The resolved config as plain containers; raises MedsmallError at the first thing wrong."""
    for key in [*ROOT.types, *(group for group in groups() if group != "experiment")]:
        if key not in cfg:
            raise MedsmallError(f"The config has no '{key}': a run needs it.")
    try:
        content: Any = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise MedsmallError(f"{error.full_key} has no default: set it.") from error
    except OmegaConfBaseException as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise MedsmallError(f"The config cannot be resolved: {first}.") from error
    config: dict[str, Any] = dict(content)
    root = {key: value for key, value in config.items() if key not in groups()}
    _check_values("", root, ROOT)
    _check_ranges(root)
    _check_trainer(config["trainer"])
    config |= root
    for group in config.keys() & set(groups()):
        _check_node(group, config[group])
    return config


def _check_ranges(root: dict[str, Any]) -> None:
    for key, least in (("image_size_px", 1), ("batch_size", 2)):  # BatchNorm has no use for one
        if not least <= root[key] <= 10_000:
            raise MedsmallError(f"{key} must lie in [{least}, 10,000], but is {root[key]}.")
    for key in root["audit"].keys() - {"allow"}:
        raise MedsmallError(f"There is no key 'audit.{key}'{did_you_mean(key, ['allow'])}.")
    allow = root["audit"].get("allow")
    if not (isinstance(allow, list) and all(isinstance(name, str) for name in allow)):
        raise MedsmallError("audit.allow is a list of checks: write audit.allow=[near_duplicates].")
    if not 0 <= root["seed"] < 2**32:
        raise MedsmallError(f"seed must lie in [0, 2^32), but is {root['seed']}.")
    if (root["num_workers"] or 0) < 0:
        raise MedsmallError(f"num_workers must be 0 or more, but is {root['num_workers']}.")


def _check_trainer(trainer: dict[str, Any]) -> None:
    """Only what conf/trainer lists: other settings of Lightning's would break a run's record."""
    known = OmegaConf.load(config_dir() / "trainer" / "cpu.yaml")
    for key in trainer:
        if key not in known:
            raise MedsmallError(
                f"There is no key 'trainer.{key}'{did_you_mean(key, map(str, known))}."
            )
    if trainer.get("precision") not in PRECISIONS:  # others change the type of the weights
        raise MedsmallError(
            f"trainer.precision must be one of {', '.join(PRECISIONS)}, but is "
            f"{trainer.get('precision')}."
        )
    for key in ("max_epochs", "accumulate_grad_batches"):
        value = trainer.get(key)
        if not isinstance(value, str | float) and (value is None or value < 1):
            raise MedsmallError(f"trainer.{key} must be at least 1, but is {value}.")


def _check_node(path: str, node: Any) -> None:
    if isinstance(node, list):
        for i, item in enumerate(node):
            _check_node(f"{path}[{i}]", item)
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        arguments = {k: v for k, v in node.items() if k not in HYDRAS_OWN}
        _check_values(f"{path}.", arguments, signature(str(node["_target_"])))
        node |= arguments
    for key, value in node.items():
        _check_node(f"{path}.{key}", value)


def _check_values(prefix: str, values: dict[Any, Any], expected: Signature) -> None:
    for key, value in values.items():
        if key not in expected.types:
            if expected.open_ended:
                continue
            known = [*expected.types, *([] if prefix else [*groups()])]
            raise MedsmallError(f"There is no key '{prefix}{key}'{did_you_mean(str(key), known)}.")
        if isinstance(value, dict) and "_target_" in value:
            continue  # will be an object by then
        try:  # a whole number where a number is meant becomes one: 10 and 10.0 are one run
            values[key] = TypeAdapter(expected.types[key]).validate_python(value, strict=True)
        except ValidationError as error:
            raise MedsmallError(
                f"{prefix}{key} must be {expected.words[key]}, but is {value!r}."
            ) from error


@lru_cache
def signature(target: str) -> Signature:
    """What the class or function `target` (the dotted path of its definition) takes."""
    module, _, name = target.rpartition(".")
    tree = ast.parse(_source(module, target).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _from_arguments(name, node.args)
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _from_class(node)
    raise MedsmallError(f"{target}: the file of {module} defines no '{name}'.")


def _source(module: str, target: str) -> Path:
    """The source file of `module`, found without importing its parents."""
    package, *inner = module.split(".")
    spec = importlib.util.find_spec(package) if package else None
    for folder in spec.submodule_search_locations or [] if spec else []:
        for file in (Path(folder, *inner).with_suffix(".py"), Path(folder, *inner, "__init__.py")):
            if file.is_file():
                return file
    raise MedsmallError(f"{target}: no module '{module}' is installed; is an extra missing?")


def _from_class(node: ast.ClassDef) -> Signature:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _from_arguments(node.name, item.args)
    if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        fields = [
            ast.arg(item.target.id, item.annotation)
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and "ClassVar" not in ast.unparse(item.annotation)
        ]
        return _from_arguments(node.name, ast.arguments([], fields, None, [], [], None, []))
    return Signature(node.name, {}, {}, open_ended=bool(node.bases))


def _from_arguments(name: str, arguments: ast.arguments) -> Signature:
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named = [argument for argument in everything if argument.arg != "self"]
    return Signature(
        name,
        {argument.arg: _type(argument.annotation) for argument in named},
        {argument.arg: _words_of(argument.annotation) for argument in named},
        open_ended=arguments.kwarg is not None,
    )


def _type(annotation: ast.expr | None) -> Any:
    if annotation is None:
        return Any
    try:
        return eval(ast.unparse(annotation), {"__builtins__": {}}, NAMES)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return Any  # a type of the library's own: it checks its arguments itself


def _words_of(annotation: ast.expr | None) -> str:
    return _in_words(ast.unparse(annotation)) if annotation else "anything"


def _in_words(text: str) -> str:
    return " or ".join(_word(part) for part in text.removeprefix("typing.").split(" | "))


def _word(part: str) -> str:
    kind, _, inner = part.rstrip("]").partition("[")
    if kind == "Optional":
        return f"{_word(inner)} or null"
    if kind == "Literal":
        return "one of " + inner.replace("'", "")
    if kind == "list":
        return f"a list of {_word(inner)}" if inner else "a list"
    return WORDS.get(part, part)
