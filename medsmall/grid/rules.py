"""The rules by which cells are left out: conditions in conf/sweep."""

from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from medsmall.configs import default_keys, groups, options
from medsmall.errors import (
    AbsentDataError,
    AbsentWeightsError,
    BeyondPoolError,
    MedsmallError,
    SawTestError,
    did_you_mean,
)

FACTS = {
    one.fact for one in (AbsentDataError, AbsentWeightsError, BeyondPoolError, SawTestError)
}  # fmt: skip


class Rules:
    """Made from ``sweep.rules``; MedsmallError for a rule that cannot be read."""

    def __init__(self, rules: dict[str, Any] | None) -> None:
        given = (rules or {}).items()
        self.rules = {name: _read(name, rule) for name, rule in given if rule is not None}

    def before(self, cfg: DictConfig) -> str:
        """Why the cell `cfg` is left out before anything is found out about it; "" if it is not."""
        return next(
            (why for when, why in self.rules.values() if "fact" not in when and _holds(when, cfg)),
            "",
        )

    def after(self, cfg: DictConfig, refusal: MedsmallError) -> str:
        """Why it is left out after its `refusal`; "" if it counts as failed."""
        return next(
            (
                why or str(refusal)
                for when, why in self.rules.values()
                if refusal.fact and refusal.fact in when.get("fact", []) and _holds(when, cfg)
            ),
            "",
        )


def _read(name: str, rule: Any) -> tuple[dict[str, list[str]], str]:
    if not (isinstance(rule, dict) and isinstance(rule.get("when"), dict) and rule["when"]):
        raise MedsmallError(
            f"sweep.rules.{name} has no condition: write when: {{group: option}} and why: a reason."
        )
    if unknown := sorted(rule.keys() - {"when", "why"}):
        raise MedsmallError(
            f"There is no key 'sweep.rules.{name}.{unknown[0]}'"
            f"{did_you_mean(unknown[0], ['when', 'why'])}."
        )
    when = {}
    for key, value in rule["when"].items():
        values = value if isinstance(value, list) else [value]
        if not values or any(isinstance(one, list | dict) for one in values):
            raise MedsmallError(
                f"sweep.rules.{name}.when.{key} takes a value, or a list of values."
            )
        when[str(key)] = [_text(one) for one in values]
        _check(name, str(key), when[str(key)])
    facts = when.get("fact")
    why = str(rule.get("why") or "")
    if not (why or facts):
        raise MedsmallError(f"sweep.rules.{name} has no reason: write why: a reason.")
    return when, why


def _check(rule: str, key: str, values: list[str]) -> None:
    """MedsmallError for a condition that can never hold."""
    known: Iterable[str] = FACTS if key == "fact" else options(key) if key in groups() else values
    for value in values:
        if value not in known:
            what = f"sweep.rules.{rule}.when.{key} cannot be '{value}'"
            raise MedsmallError(f"{what}{did_you_mean(value, known)}.")
    if key not in ("fact", *groups()) and key not in (keys := default_keys()):
        raise MedsmallError(
            f"sweep.rules.{rule}.when: there is no key or group '{key}'{did_you_mean(key, keys)}."
        )


def _holds(when: dict[str, list[str]], cfg: DictConfig) -> bool:
    return all(_value(cfg, key) in values for key, values in when.items() if key != "fact")


def _value(cfg: DictConfig, key: str) -> str:
    """The chosen option of a group, or the value of a key, as text."""
    if key in cfg.choices:
        return str(cfg.choices[key])
    return _text(OmegaConf.select(cfg, key))


def _text(value: Any) -> str:
    """As YAML writes it: null, true and 0.1."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
