"""Makes a part of a run from its config, and looks whether it keeps its contract."""

from typing import Any, TypeVar

from hydra.utils import instantiate
from omegaconf import DictConfig

from medsmall.errors import MedsmallError

T = TypeVar("T")


def made(node: DictConfig, contract: type[T]) -> T:
    """What the `_target_` of `node` makes.

    MedsmallError if it lacks an attribute or a method of the `contract`, a typing.Protocol: a class
    that is not finished is found out before anything is trained.
    """
    part: Any = instantiate(node)
    asked = {name for name in dir(contract) if not name.startswith("_")}
    asked |= set(contract.__annotations__)
    lacking = sorted(name for name in asked if not hasattr(part, name))
    if lacking:
        raise MedsmallError(
            f"{node.get('_target_')} has no {', '.join(lacking)}, which {contract.__module__}."
            f"{contract.__name__} asks for: add it."
        )
    return part
