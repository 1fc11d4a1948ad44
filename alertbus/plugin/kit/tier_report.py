"""What the conformance kit says of a plugin: its rules, each with a tier, and the report of which of them hold."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alertbus.plugin.kit.conformance import Broken


class Tier(StrEnum):
    """A tier is reached when every rule of it and of those before it holds."""

    NONE = "none"
    BRONZE = "bronze"
    """It can be called."""
    SILVER = "silver"
    """It gives the same answer every time and touches nothing else."""
    GOLD = "gold"
    """It keeps what protects people."""
    PLATINUM = "platinum"
    """It says nothing of a family even when it fails."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    rule: str
    tier: Tier
    why: str
    mend: str
    broken: str = ""
    """Empty when the rule holds."""


@dataclass(frozen=True, slots=True)
class Report:
    results: tuple[RuleResult, ...]

    @property
    def tier(self) -> Tier:
        reached = Tier.NONE
        for tier in (Tier.BRONZE, Tier.SILVER, Tier.GOLD, Tier.PLATINUM):
            if any(f.broken for f in self.results if f.tier is tier):
                break
            reached = tier
        return reached


def rule(tier: Tier, why: str, mend: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Mark a suite's test as a rule: its tier, why it matters and how to mend what breaks it."""

    def mark(test: Callable[[Any], None]) -> Callable[[Any], None]:
        test.rule = (tier, why, mend)  # type: ignore[attr-defined]
        return test

    return mark


def check(suite: type[Any], **subject: Any) -> Report:
    """Run the rules without pytest: `check(AdapterConformance, adapter=mine)`, or `check(TestMine)` as it stands."""
    instance = type(suite.__name__, (suite,), subject)()
    results = []
    for name, test in inspect.getmembers(instance, inspect.ismethod):
        if (marked := getattr(test, "rule", None)) is None:
            continue
        broken = ""
        try:
            test()
        except Broken as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001  the plugin's own failure is a finding; its text may be about a family
            broken = f"raised {type(error).__name__}"
        tier, why, mend = marked
        results.append(RuleResult(name.removeprefix("test_").replace("_", " "), tier, why, mend, broken))
    return Report(tuple(results))
