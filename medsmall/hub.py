"""The model hub (Hugging Face): files fetched before, and whether and how it answers."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import constants, get_session, hf_hub_download, try_to_load_from_cache

from medsmall.errors import AbsentWeightsError, MedsmallError
from medsmall.waiting import answered

FILES = ("model.safetensors", "pytorch_model.bin")
PATIENCE_S = 3.0  # a reachable hub answers sooner; it would be tried for a minute without this


def fetched(repository: str, names: tuple[str, ...] = FILES) -> Path | None:
    """The first of the files `names` in a `repository` of the hub that was fetched before."""
    owner, _, revision = repository.partition("@")
    for name in names:
        try:
            file = try_to_load_from_cache(owner, name, revision=revision or None)
        except ValueError as error:  # HFValidationError
            raise MedsmallError(
                f"'{repository}' is no name of a repository on the hub: write OWNER/REPOSITORY, "
                "perhaps with @REVISION after it."
            ) from error
        if isinstance(file, str):
            return Path(file)
    return None


def file(repository: str, names: tuple[str, ...] = FILES) -> Path:
    """The same, fetched now if need be; AbsentWeightsError, soon, if it cannot be had."""
    found = fetched(repository, names)
    if found:
        return found
    if not answers():
        raise not_had(repository, names, "it cannot be reached from here")
    owner, _, revision = repository.partition("@")
    why = ""
    for name in names:
        try:
            return Path(hf_hub_download(owner, name, revision=revision or None))
        except Exception as error:  # no such repository or file, a gate, a broken line
            why = type(error).__name__
    raise not_had(repository, names, why)


def not_had(repository: str, names: tuple[str, ...], why: str) -> MedsmallError:
    """The sentence for a file that cannot be had."""
    return AbsentWeightsError(
        f"{' or '.join(names)} of {repository} could not be fetched from the hub ({why}): check "
        "the name, go online once (for a gated model after accepting its licence and "
        "`hf auth login`), or copy the hub's cache from a machine that has it (HF_HOME)."
    )


def described(repository: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """timm's network of a `repository`: its name, further arguments, and its pretraining's facts.

    The facts are timm's ``pretrained_cfg``: `mean`, `std`, perhaps `license`, ... MedsmallError for
    a repository whose config.json does not describe a network of timm.
    """
    config_file = file(repository, ("config.json",))
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
        architecture = config["architecture"]
        facts = _checked(architecture, dict(config.get("pretrained_cfg") or config))
        arguments = dict(config.get("model_args") or {})
        if facts.get("fixed_input_size"):
            arguments.setdefault("img_size", facts["input_size"][-1])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise MedsmallError(
            f"hf-hub:{repository} does not describe a network of timm in its config.json "
            f"({type(error).__name__}): choose a repository made for timm (its card says so)."
        ) from error
    return architecture, arguments, facts


def _checked(architecture: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """The `facts`, their licences as one text; ValueError where they are not what timm writes."""
    if not isinstance(architecture, str):
        raise ValueError(f"architecture {architecture!r}")
    for key in facts.keys() & {"mean", "std"}:
        if [type(one) in (int, float) for one in facts[key]] != [True] * 3:
            raise ValueError(f"{key} {facts[key]!r}")
    if isinstance(licences := facts.get("license"), list):
        facts["license"] = " or ".join(map(str, licences))
    return facts


def may_be_had(network: str) -> bool:
    """Whether weights of a timm `network` were fetched before, whichever they are, or can be now.

    Asked before timm is imported, which takes longer than the answer.
    """
    here = Path(constants.HF_HUB_CACHE).glob(f"models--timm--{network}*/snapshots/*/*")
    return any(here) or answers()


def answers() -> bool:
    """Whether the hub can be reached, through a proxy if one is set."""
    if constants.HF_HUB_OFFLINE:
        return False

    def ask() -> bool:
        try:
            get_session().head(constants.ENDPOINT, timeout=PATIENCE_S)
        except Exception as error:  # of httpx or requests; a certificate is no matter of the line
            return "certificate" in str(error).lower()
        return True

    return answered(ask, PATIENCE_S)
