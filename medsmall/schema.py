"""Checks a composed config against the signatures of its targets.

The signatures are read from the source text, without imports: a wrong type is reported in a second,
before torch is loaded. The annotation of an argument is its whole schema, and a new option needs no
second declaration.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, TypedDict

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from medsmall.configs import config_dir, groups, is_auto
from medsmall.errors import MedsmallError, did_you_mean
from medsmall.signatures import Signature, signature

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
SEEDS = 2**32  # as many as numpy and scikit-learn take
COPIES = ("identical_images", "near_duplicates")  # what audit.drop can leave out
SPAWNING = ("ddp_spawn", "ddp_fork", "ddp_notebook")  # others start the whole command once more


class Root(TypedDict):
    """The keys of conf/train.yaml that are not groups."""

    seed: int
    image_size_px: int
    resize: Literal["squash", "pad", "crop"]
    batch_size: int
    num_workers: int | None
    phantom: bool
    audit: dict
    without: list[dict]
    prevalence: float | dict[str, float] | None
    select_by: Literal["val_loss", "val_auroc", "val_mae", "last"]
    data_root: str
    output_root: str
    cache_root: str
    name: str
    choices: dict


ROOT = signature(f"{__name__}.Root")


def check(cfg: DictConfig) -> dict[str, Any]:
    """The resolved config as plain containers; MedsmallError for the first fault."""
    of_groups = groups()
    there = cfg.keys()
    for key in [*ROOT.types, *(group for group in of_groups if group != "experiment")]:
        if key not in there:
            raise MedsmallError(f"The config has no '{key}': a run needs it.")
    config = resolved(cfg, map(str, cfg))
    root = {key: value for key, value in config.items() if key not in of_groups}
    _check_values("", root, ROOT)
    _check_ranges(root)
    _check_trainer(config["trainer"])
    config |= root
    for group in of_groups:
        if group in config:
            undecided = is_auto(config["choices"].get(group))
            if not (undecided or group == "logger" or "_target_" in (config[group] or {})):
                raise MedsmallError(f"{group} has no _target_: choose an option with {group}=...")
            _check_node(group, config[group])
            _check_seed(f"{group}.seed", (config[group] or {}).get("seed"))
    return config


def check_sweep(cfg: DictConfig) -> None:
    """MedsmallError for a fault in the group sweep, which all cells share."""
    config = resolved(cfg, ["sweep"])["sweep"]
    if not isinstance(config, dict) or "_target_" not in config:
        raise MedsmallError(
            f"sweep={cfg.choices.get('sweep')} lacks what conf/sweep/grid.yaml has: let its file "
            "begin with the line defaults: [grid]."
        )
    _check_node("sweep", config)


def resolved(cfg: DictConfig, keys: Iterable[str]) -> dict[str, Any]:
    """These keys of `cfg` as plain containers; MedsmallError where one cannot be resolved.

    Each is resolved in its place, as a value may follow a key outside of them.
    """
    try:
        nodes = {key: cfg[key] for key in keys}
        return {
            key: OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
            if OmegaConf.is_config(node)
            else node
            for key, node in nodes.items()
        }
    except MissingMandatoryValue as error:
        raise MedsmallError(f"{error.full_key} is not set and has no default: set it.") from error
    except OmegaConfBaseException as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise MedsmallError(f"The config cannot be resolved: {first}.") from error


def _check_ranges(root: dict[str, Any]) -> None:
    # no network finds anything in fewer pixels; BatchNorm has no use for one image
    for key, least in (("image_size_px", 16), ("batch_size", 2)):
        if not least <= root[key] <= 10_000:
            raise MedsmallError(f"{key} must lie in [{least}, 10,000], but is {root[key]}.")
    root["audit"].setdefault("drop", [])
    _check_audit(root["audit"])
    for key in ("data_root", "output_root", "cache_root"):
        if not root[key].strip():
            raise MedsmallError(f"{key} is empty: name a folder, such as {key}=./{key[:-5]}.")
    if not 0 <= root["seed"] < SEEDS:
        raise MedsmallError(f"seed must lie in [0, 2^32), but is {root['seed']}.")
    if (root["num_workers"] or 0) < 0:
        raise MedsmallError(f"num_workers must be 0 or more, but is {root['num_workers']}.")


def _check_seed(key: str, seed: Any) -> None:
    if isinstance(seed, int) and not 0 <= seed < SEEDS:
        what = "negative" if seed < 0 else "too large"
        raise MedsmallError(f"{key}={seed} is {what}: choose 0 or more, and below 2^32.")


def _check_audit(audit: dict[str, Any]) -> None:
    for key in audit.keys() - {"allow", "drop"}:
        raise MedsmallError(f"There is no key 'audit.{key}'{did_you_mean(key, ['allow', 'drop'])}.")
    for key, names in (("allow", audit.get("allow")), ("drop", audit["drop"])):
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise MedsmallError(
                f"audit.{key} is a list of checks: write audit.{key}=[near_duplicates]."
            )
    for name in audit["drop"]:
        if name not in COPIES:
            raise MedsmallError(
                f"audit.drop cannot be '{name}'{did_you_mean(name, COPIES)}: choose from "
                f"{' and '.join(COPIES)}."
            )


def _check_trainer(trainer: dict[str, Any]) -> None:
    """Only the keys in conf/trainer: other settings of Lightning would break a run's record."""
    known = _trainer_keys()
    for key in trainer:
        if key not in known:
            raise MedsmallError(f"There is no key 'trainer.{key}'{did_you_mean(key, known)}.")
    for key in known:
        if key not in trainer:
            raise MedsmallError(f"The config has no 'trainer.{key}': a run needs it.")
    if trainer.get("precision") not in PRECISIONS:  # others change the type of the weights
        raise MedsmallError(
            f"trainer.precision must be one of {', '.join(PRECISIONS)}, but is "
            f"{trainer.get('precision')}."
        )
    for key in ("max_epochs", "accumulate_grad_batches"):
        value = trainer.get(key)
        if not isinstance(value, str | float) and (value is None or value < 1):
            raise MedsmallError(f"trainer.{key} must be at least 1, but is {value}.")
    clip = trainer.get("gradient_clip_val")
    if isinstance(clip, int | float) and clip < 0:
        raise MedsmallError(f"trainer.gradient_clip_val must be 0 or more, but is {clip}.")
    _check_machine(trainer["accelerator"], trainer["devices"], trainer["strategy"])


def _check_machine(accelerator: Any, devices: Any, strategy: Any) -> None:
    """Checked here, since Lightning checks it only after the data are open."""
    if accelerator not in ACCELERATORS:
        raise MedsmallError(
            f"trainer.accelerator must be one of {', '.join(ACCELERATORS)}, but is {accelerator}."
        )
    number = isinstance(devices, int) and not isinstance(devices, bool)
    listed = isinstance(devices, list) and devices and all(type(one) is int for one in devices)
    if not ((number and (devices == -1 or devices > 0)) or listed or devices == "auto"):
        raise MedsmallError(
            f"trainer.devices must be 1 or more, -1 or auto for all, or a list such as [0,1], "
            f"but is {devices!r}."
        )
    several = len(devices) > 1 if listed else number and devices > 1
    kind = strategy if isinstance(strategy, str) else ""
    if kind != "auto" and not kind.startswith("ddp"):
        raise MedsmallError(
            f"trainer.strategy must be auto, or {SPAWNING[0]} for several processes as in "
            f"trainer=ddp, but is {strategy}."
        )
    if (several or kind != "auto") and not kind.startswith(SPAWNING):
        raise MedsmallError(
            f"trainer.devices={devices} with trainer.strategy={strategy} would start the command "
            "again in each process, and the processes would wait for each other: set trainer=ddp."
        )


@cache  # a grid is checked cell by cell
def _trainer_keys() -> list[str]:
    return [str(key) for key in OmegaConf.load(config_dir() / "trainer" / "cpu.yaml")]


def _check_node(path: str, node: Any) -> None:
    if isinstance(node, list):
        for i, item in enumerate(node):
            _check_node(f"{path}[{i}]", item)
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        arguments = {k: v for k, v in node.items() if k != "_target_"}
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
            values[key] = _adapter(expected.types[key]).validate_python(value, strict=True)
        except ValidationError as error:
            raise MedsmallError(
                f"{prefix}{key} must be {expected.words[key]}, but is {_shown(value)}."
            ) from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:60]}... ({len(text):,} characters)"


@cache  # making one takes longer than all that it checks
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
