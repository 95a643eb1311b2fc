"""The part of the steps in which a learning rate rises."""

from medsmall.errors import MedsmallError


def check_warmup(warmup: float) -> None:
    """MedsmallError unless something is left after it."""
    if not 0 <= warmup < 1:
        raise MedsmallError(f"schedule.warmup must lie in [0, 1), but is {warmup}.")
