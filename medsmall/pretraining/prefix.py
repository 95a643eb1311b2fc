"""What comes before a network's own names in a file, such as `module.` or `encoder.`."""

from collections import Counter
from collections.abc import Iterable

from torch import Tensor

from medsmall.backbone.network import Network
from medsmall.errors import MedsmallError


def without_prefix(
    found: dict[str, Tensor], prefix: str, network: Network, name: str
) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it.

    MedsmallError if none of them is of `network`, unless another prefix would not help either and
    none was given; `name` is that of the weights.
    """
    body = network.module.state_dict().keys() - set(network.head)
    kept = {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}
    if body & kept.keys():
        return kept
    fitting = prefix_that_fits(found, body)
    if prefix:
        remedy = f"pretraining.prefix={fitting!r}" if fitting else "another, or other weights"
        raise MedsmallError(
            f"No tensor of {name} has the name of one of backbone {network.architecture} after "
            f"pretraining.prefix={prefix} (first: {', '.join(sorted(found)[:3])}): set {remedy}."
        )
    if fitting:
        raise MedsmallError(
            f"The tensors of {name} are those of backbone {network.architecture}, but their names "
            f"begin with {fitting!r}: set pretraining.prefix={fitting!r}."
        )
    return kept


def prefix_that_fits(found: Iterable[str], names: set[str]) -> str:
    """What comes before most of `names` in the names `found`; "" if nothing does."""
    before: Counter[str] = Counter()
    for name in found:
        parts = name.split(".")
        for i in range(1, len(parts)):
            if ".".join(parts[i:]) in names:
                before[".".join(parts[:i]) + "."] += 1
    likely, count = next(iter(before.most_common(1)), ("", 0))
    return likely if 2 * count > len(names) else ""
