"""The conformance kit: what every agency plugin must keep, as pytest classes that a plugin's own tests inherit.

    class TestNorthfield(AdapterConformance):
        adapter = Northfield()

    class TestRegister(SourceConformance):
        source = Register()
        samples = (b"...", b"...")

`check(AdapterConformance, adapter=...)` runs the same rules without pytest and gives a report with its tier.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from alertbus.plugin.kit import conformance_adapters as adapters
from alertbus.plugin.kit import conformance_sources as sources
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.samples import (
    CANARIES,
    FLAG,
    NHS_NUMBERS,
    SPOKEN,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_alert,
    sample_briefing,
    sample_notice,
    sample_obligation,
)
from alertbus.plugin.protocols import Adapter, Source

__all__ = [
    "CANARIES",
    "FLAG",
    "NHS_NUMBERS",
    "SPOKEN",
    "AdapterConformance",
    "Broken",
    "Report",
    "RuleResult",
    "SourceConformance",
    "Tier",
    "check",
    "ended_notice",
    "every_notice",
    "minimal_notice",
    "sample_alert",
    "sample_briefing",
    "sample_notice",
    "sample_obligation",
]


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


def _rule(tier: Tier, why: str, mend: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def mark(test: Callable[[Any], None]) -> Callable[[Any], None]:
        test.rule = (tier, why, mend)  # type: ignore[attr-defined]
        return test

    return mark


class AdapterConformance:
    """Inherit, and set `adapter`. Every rule is a test."""

    adapter: ClassVar[Adapter]

    @_rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name, sector, contract = 1, formats, render.")
    def test_has_what_the_contract_asks(self) -> None:
        adapters.has_attributes(self.adapter)

    @_rule(Tier.BRONZE, "An alert of a kind you did not expect must still arrive.", "Render from the notice's fields.")
    def test_renders_every_kind_and_deed(self) -> None:
        adapters.renders_everything(self.adapter)

    @_rule(Tier.BRONZE, "Most fields are absent for most sectors.", "Leave out what is not there; assume nothing.")
    def test_renders_a_notice_with_all_optional_fields_absent(self) -> None:
        adapters.renders_minimal(self.adapter)

    @_rule(Tier.BRONZE, "A withdrawn threat that looks like a new one is believed.", "Render `notice.deed`.")
    def test_tells_a_withdrawal_from_a_delivery(self) -> None:
        adapters.tells_deeds_apart(self.adapter)

    @_rule(Tier.SILVER, "A repeat must be the same message, on any machine.", "No clock, chance, or local time zone.")
    def test_gives_the_same_bytes_every_time(self) -> None:
        adapters.is_deterministic(self.adapter)

    @_rule(Tier.SILVER, "render runs inside the delivery lane.", "Take everything from the notice.")
    def test_touches_no_network_file_or_clock(self) -> None:
        adapters.is_pure(self.adapter)

    @_rule(Tier.SILVER, "What it remembers of one family reaches the next.", "Keep no state between calls.")
    def test_remembers_nothing_of_the_last_notice(self) -> None:
        adapters.remembers_nothing(self.adapter)

    @_rule(Tier.GOLD, "VPF-06: a worker reads one line before the door opens.", "Write `notice.flag` before all else.")
    def test_shows_the_flag_first(self) -> None:
        adapters.flag_comes_first(self.adapter)

    @_rule(Tier.GOLD, "VPF-11: whoever is new reads the warning first.", "Write `notice.flag` first, of a `notice.briefing` as well.")
    def test_shows_the_flag_first_in_a_briefing(self) -> None:
        adapters.briefs_flag_first(self.adapter)

    @_rule(
        Tier.GOLD,
        "VOI-01: dilution of what a child said is a harm.",
        "Carry each excerpt's text whole, or leave it out.",
    )
    def test_carries_verbatim_text_whole_or_not_at_all(self) -> None:
        adapters.keeps_text_whole(self.adapter)

    @_rule(Tier.GOLD, "LNK-06: he is the father only by report.", "Write `certainty` wherever you write `relation`.")
    def test_keeps_putative_beside_the_relation(self) -> None:
        adapters.keeps_putative(self.adapter)

    @_rule(Tier.GOLD, "ANO-04: a child may suffer for having told.", "Render `do_not_reveal_source`.")
    def test_keeps_the_mark_that_hides_the_source(self) -> None:
        adapters.keeps_source_mark(self.adapter)

    @_rule(
        Tier.GOLD,
        "NOT-11: what nobody said is believed once it is written.",
        "Write `not stated` where `said_by`, `observed_first_hand`, `confirmed` or `children_present` is None or absent.",
    )
    def test_says_what_was_not_stated(self) -> None:
        adapters.says_not_stated(self.adapter)

    @_rule(Tier.GOLD, "NOT-26: nobody may be visited as if the child lived.", "Write `died` wherever you write a name.")
    def test_says_that_a_child_has_died(self) -> None:
        adapters.says_who_died(self.adapter)

    @_rule(Tier.GOLD, "A rehearsal taken for real sends somebody to a door.", "Render `notice.obligation.exercise`.")
    def test_says_that_an_exercise_is_one(self) -> None:
        adapters.says_exercise(self.adapter)

    @_rule(Tier.GOLD, "A person invented by a template is somebody.", "Render only what the notice holds.")
    def test_invents_nothing(self) -> None:
        adapters.invents_nothing(self.adapter)

    @_rule(Tier.PLATINUM, "File names and headers are logged on the way.", "Name the file by `notice.id`.")
    def test_puts_nothing_personal_in_filename_or_headers(self) -> None:
        adapters.outside_is_bare(self.adapter)

    @_rule(Tier.PLATINUM, "Error texts reach logs and screens.", "Say where and what was expected, not what was found.")
    def test_says_nothing_personal_when_it_fails(self) -> None:
        adapters.errors_are_bare(self.adapter)


class SourceConformance:
    """Inherit, and set `source` and `samples`: raw messages, at least one of which raises an alert."""

    source: ClassVar[Source]
    samples: ClassVar[Sequence[bytes]]

    @_rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name and parse(raw, headers).")
    def test_has_what_the_contract_asks(self) -> None:
        sources.has_attributes(self.source)

    @_rule(Tier.BRONZE, "Nothing is dropped in silence.", "Return alerts or Ignored(reason), or raise UnreadableMessage.")
    def test_gives_every_sample_a_defined_outcome(self) -> None:
        sources.outcomes_are_defined(self.source, self.samples)

    @_rule(Tier.BRONZE, "A source that never raises an alert protects nobody.", "Add a sample that raises one.")
    def test_raises_an_alert_for_at_least_one_sample(self) -> None:
        sources.raises_some_alert(self.source, self.samples)

    @_rule(Tier.SILVER, "The same message sent twice must be one alert.", "Take id and times from the message.")
    def test_reads_the_same_bytes_the_same_way_twice(self) -> None:
        sources.is_deterministic(self.source, self.samples)

    @_rule(Tier.SILVER, "A URL in a message may lead anywhere.", "Read the message; fetch nothing.")
    def test_touches_no_network_file_or_clock(self) -> None:
        sources.is_pure(self.source, self.samples)

    @_rule(Tier.GOLD, "A sender's mistake must not stop the queue.", "Raise UnreadableMessage, and nothing else.")
    def test_survives_arbitrary_bytes(self) -> None:
        sources.survives_anything(self.source)

    @_rule(Tier.GOLD, "Real messages lack fields and contradict themselves.", "Check each field where you read it.")
    def test_survives_damaged_samples(self) -> None:
        sources.survives_damage(self.source, self.samples)

    @_rule(Tier.PLATINUM, "Ids stand in keys, logs and URLs.", "Use an opaque id or a hash of the message.")
    def test_puts_no_identifier_in_the_alert_id(self) -> None:
        sources.ids_are_opaque(self.source, self.samples)

    @_rule(Tier.PLATINUM, "Reasons and errors reach logs and the sender.", "Say where and what was expected.")
    def test_repeats_nothing_of_the_input_when_it_refuses(self) -> None:
        sources.refusals_are_bare(self.source, self.samples)


def check(suite: type[AdapterConformance] | type[SourceConformance], **subject: Any) -> Report:
    """Run the rules without pytest: `check(AdapterConformance, adapter=mine)`, or `check(TestMine)` as it stands."""
    instance = type(suite.__name__, (suite,), subject)()
    results = []
    for name, test in inspect.getmembers(instance, inspect.ismethod):
        if (rule := getattr(test, "rule", None)) is None:
            continue
        broken = ""
        try:
            test()
        except Broken as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001  the plugin's own failure is a finding; its text may be about a family
            broken = f"raised {type(error).__name__}"
        tier, why, mend = rule
        results.append(RuleResult(name.removeprefix("test_").replace("_", " "), tier, why, mend, broken))
    return Report(tuple(results))
