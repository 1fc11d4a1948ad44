"""What the conformance kit says of a plugin: its rules, each with a tier, and the report of which of them hold."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alertbus.plugin.kit.blame import raised_at
from alertbus.plugin.kit.calling import OutOfBounds
from alertbus.plugin.kit.conformance import Broken, Unseen

LIMITS = "test_stays_within_time_and_memory"
"""The rule that is named when a call was stopped, whichever rule was being judged."""

Test = Callable[[Any], None]


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

    @property
    def height(self) -> int:
        """For comparing: a higher tier has a higher number."""
        return list(Tier).index(self)


@dataclass(frozen=True, slots=True)
class KitRule:
    """What stands above a suite's test."""

    tier: Tier
    why: str
    mend: str
    ground: bool = False
    """When it is broken nothing else can be judged."""
    needs: tuple[str, ...] = ()
    """Names of tests: while one of them fails, this one is not judged, because it would fail for the same cause."""
    protects: bool = True
    """No plugin may be exempt from it."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one rule came out. It holds when it is neither broken nor unjudged."""

    rule: str
    tier: Tier
    why: str
    mend: str
    broken: str = ""
    """How it showed; empty when nothing was found."""
    unjudged: str = ""
    """The rule that must be mended before this one can be judged."""
    protects: bool = True
    exempt: str = ""
    """The reason its plugin gives for not keeping it."""
    unseen: str = ""
    """Why it found nothing to look at; it holds, and nothing is known of it."""

    @property
    def id(self) -> str:
        """The rule as one word: the name of its page, and of its line in a list of exemptions."""
        return self.rule.replace(" ", "-")

    @property
    def holds(self) -> bool:
        """Whether it was judged and kept."""
        return not self.broken and not self.unjudged


@dataclass(frozen=True, slots=True)
class Report:
    """The results in the order in which they were judged: what must be mended first stands first."""

    results: tuple[RuleResult, ...]

    @property
    def tier(self) -> Tier:
        """The highest tier of which every rule holds, with all below it."""
        reached = Tier.NONE
        for tier in (Tier.BRONZE, Tier.SILVER, Tier.GOLD, Tier.PLATINUM):
            if any(not each.holds and not each.exempt for each in self.results if each.tier is tier):
                break
            reached = tier
        return reached

    @property
    def failed(self) -> tuple[RuleResult, ...]:
        """What is broken and not exempt."""
        return tuple(each for each in self.results if each.broken and not each.exempt)

    def exempting(self, reasons: Mapping[str, str]) -> "Report":
        """Give the report with the plugin's own exemptions, by rule, with a reason. A rule that protects people stays as it is."""
        return Report(tuple(replace(r, exempt=reasons[r.id]) if r.id in reasons and not r.protects else r for r in self.results))


def rule(
    tier: Tier, why: str, mend: str, *, ground: bool = False, needs: tuple[str, ...] = (), protects: bool | None = None
) -> Callable[[Test], Test]:
    """Mark a suite's test as a rule: its tier, why it matters and how to mend what breaks it.

    The rules of gold and platinum protect people unless it is said otherwise; those below do not.
    """

    def mark(test: Test) -> Test:
        guarded = tier in (Tier.GOLD, Tier.PLATINUM) if protects is None else protects
        test.rule = KitRule(tier, why, mend, ground, needs, guarded)  # type: ignore[attr-defined]
        return test

    return mark


def rules_of(suite: type[Any]) -> dict[str, KitRule]:
    """Give a suite's rules by the names of their tests: those that all others stand on first, then by tier, as they were written."""
    found: dict[str, KitRule] = {}
    for part in suite.__mro__:
        for name in vars(part):
            marked = getattr(getattr(suite, name, None), "rule", None)
            if isinstance(marked, KitRule):
                found.setdefault(name, marked)
    return dict(sorted(found.items(), key=lambda each: (not each[1].ground, each[1].tier.height)))


def words_of(test: str) -> str:
    """Give a rule's name in words: the name of its test."""
    return test.removeprefix("test_").replace("_", " ")


def judged(suite: type[Any], begin: Callable[[str], None] = lambda _: None, **subject: Any) -> Iterator[RuleResult]:
    """Judge rule by rule. `begin` hears which one is next, in words. When a call was stopped, nothing more is judged."""
    instance = type(suite.__name__, (suite,), subject)()
    rules = rules_of(suite)
    broken: list[str] = []
    for name, marked in rules.items():
        stand_in_the_way = [other for other in broken if rules[other].ground or other in marked.needs]
        if stand_in_the_way:
            yield _result(name, marked, unjudged=words_of(stand_in_the_way[0]))
            continue
        begin(words_of(name))
        how, named, why, unseen = _how_it_broke(getattr(instance, name), name)
        if how:
            broken.append(named if named in rules else name)
        if named != name and named in rules:
            yield _result(named, rules[named], broken=f"{how} (while `{words_of(name)}` was judged)")
            yield _result(name, marked, unjudged=words_of(named))
        else:
            yield _result(name, marked, broken=how, why=why, unseen=unseen)


def check(suite: type[Any], **subject: Any) -> Report:
    """Run the rules without pytest: `check(AdapterConformance, adapter=mine)`, or `check(TestMine)` as it stands."""
    return Report(latest(judged(suite, **subject)))


def latest(results: Iterator[RuleResult]) -> tuple[RuleResult, ...]:
    """Keep one result of each rule, the last that was given: a rule that held at first may be found broken later."""
    kept: dict[str, RuleResult] = {}
    for result in results:
        kept[result.rule] = result
    return tuple(kept.values())


def _how_it_broke(test: Callable[[], None], name: str) -> tuple[str, str, str, str]:
    """Give how it broke, empty when it held; the name of the test to blame; why that matters, where the finding knows better; and why it
    saw nothing, if so.
    """
    try:
        test()
    except Unseen as unseen:
        return "", name, "", str(unseen)
    except OutOfBounds as stopped:
        return str(stopped), LIMITS, "", ""
    except Broken as error:
        return str(error), name, error.why, ""
    except Exception as error:  # noqa: BLE001  the plugin's own failure is a finding; its text may be about a family
        place = raised_at(error)
        return f"raised {type(error).__name__}{f' at {place}' if place else ''}", name, "", ""
    return "", name, "", ""


def _result(name: str, marked: KitRule, *, broken: str = "", unjudged: str = "", why: str = "", unseen: str = "") -> RuleResult:
    return RuleResult(words_of(name), marked.tier, why or marked.why, marked.mend, broken, unjudged, marked.protects, unseen=unseen)
