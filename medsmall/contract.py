"""Makes a part of a run from its config, and checks its contract."""

from typing import Any, TypeVar

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from medsmall.errors import MedsmallError

T = TypeVar("T")


def made(node: DictConfig, contract: type[T]) -> T:
    """The object that the `_target_` of `node` makes.

    MedsmallError if it lacks an attribute or a method of the `contract`, a typing.Protocol: an
    unfinished class is refused before anything is trained.
    """
    part: Any = build(node)
    asked = {name for name in dir(contract) if not name.startswith("_")}
    asked |= set(contract.__annotations__)
    lacking = sorted(name for name in asked if not hasattr(part, name))
    if lacking:
        raise MedsmallError(
            f"{node.get('_target_')} has no {', '.join(lacking)}, required by "
            f"{contract.__module__}.{contract.__name__}: add it."
        )
    return part


def build(node: DictConfig, **more: Any) -> Any:
    """Call the `_target_` of `node` with its other keys, as plain containers, and with `more`.

    Hydra's `instantiate` would resolve the values a second time: a class or a folder called
    ``${oc.env:HOME}`` would be looked up. MedsmallError if it cannot be called like this.
    """
    content: Any = OmegaConf.to_container(node, resolve=True)
    return _called(content | more)


def _called(content: dict[str, Any]) -> Any:
    target = content["_target_"]
    given = {key: _built(value) for key, value in content.items() if key != "_target_"}
    try:
        return get_object(target)(**given)
    except MedsmallError:
        raise
    except Exception as error:  # a library's own class has its own errors
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MedsmallError(f"{target} cannot be made as configured: {told}") from error


def _built(value: Any) -> Any:
    if isinstance(value, list):
        return [_built(item) for item in value]
    if isinstance(value, dict) and "_target_" in value:
        return _called(value)
    return value
