"""The rules for adapters as a pytest class that a plugin's own tests inherit."""

from pathlib import Path
from typing import ClassVar

from alertbus.plugin.kit import conformance_adapters as says
from alertbus.plugin.kit import conformance_calls as calls
from alertbus.plugin.kit import golden, leaks, verbatim
from alertbus.plugin.kit.receipt_suite import ReceiptConformance
from alertbus.plugin.kit.tier_report import Tier, rule
from alertbus.plugin.protocols import Adapter

_PURE = "test_touches_no_network_file_or_clock"
_ALONE = "test_leaves_the_notice_as_it_was"
_FORGETS = "test_remembers_nothing_of_the_last_notice"
_SAME = "test_gives_the_same_bytes_every_time"
_SOUND = (_PURE, _ALONE, _FORGETS, _SAME)
"""What must hold before two messages can be compared."""


class AdapterConformance(ReceiptConformance):
    """Inherit, and set `adapter`. Every rule is a test. `golden`: the folder of your last release's messages, if you keep any."""

    adapter: ClassVar[Adapter]
    golden: ClassVar[Path | None] = None

    @rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name, sector, contract = 1, formats, render.", ground=True)
    def test_has_what_the_contract_asks(self) -> None:
        calls.has_attributes(self.adapter)

    @rule(
        Tier.BRONZE,
        "A call that takes seconds, or a message of megabytes, holds up what other agencies are owed.",
        "Build the message in one pass over the notice; wait for nothing.",
        ground=True,
        protects=True,
    )
    def test_stays_within_time_and_memory(self) -> None:
        calls.stays_within(self.adapter)

    @rule(
        Tier.BRONZE,
        "The bus can send nothing else.",
        "Return alertbus.plugin.Message: body in bytes, as its media type says, and a plain file name.",
        ground=True,
    )
    def test_gives_back_a_message(self) -> None:
        calls.gives_messages(self.adapter)

    @rule(
        Tier.BRONZE,
        "An alert of a kind you did not expect must still arrive.",
        "Render from the notice's fields.",
        ground=True,
        protects=True,
    )
    def test_renders_every_kind_and_deed(self) -> None:
        calls.renders_everything(self.adapter)

    @rule(
        Tier.BRONZE, "Most fields are absent for most sectors.", "Leave out what is not there; assume nothing.", ground=True, protects=True
    )
    def test_renders_a_notice_with_optional_fields_absent(self) -> None:
        calls.renders_what_is_left(self.adapter)

    @rule(Tier.BRONZE, "A withdrawn threat that looks like a new one is believed.", "Render `notice.deed`.", needs=(_PURE,), protects=True)
    def test_tells_a_withdrawal_from_a_delivery(self) -> None:
        calls.tells_deeds_apart(self.adapter)

    @rule(Tier.BRONZE, "An agency's system chooses its reader by the media type.", "Name in `formats` each media type you write.")
    def test_writes_the_formats_it_declares(self) -> None:
        calls.writes_its_formats(self.adapter)

    @rule(
        Tier.SILVER,
        "What a message says must follow from the notice alone.",
        "Take everything from the notice; read files and import when your module is loaded.",
        protects=True,
    )
    def test_touches_no_network_file_or_clock(self) -> None:
        calls.is_pure(self.adapter)

    @rule(
        Tier.SILVER,
        "What is printed or logged is read by people who may not know the family.",
        "Take out print and logging; what cannot be rendered raises.",
        protects=True,
    )
    def test_writes_nothing_to_the_screen_or_a_log(self) -> None:
        calls.prints_nothing(self.adapter)

    @rule(
        Tier.SILVER,
        "The same notice is rendered for others, and once more after a failure.",
        "Copy what you want to change: `notice.model_copy(update=...)`, `dict(notice.details)`.",
        protects=True,
    )
    def test_leaves_the_notice_as_it_was(self) -> None:
        calls.leaves_notice_alone(self.adapter)

    @rule(
        Tier.SILVER,
        "What it remembers of one family reaches the next.",
        "Keep no state between calls.",
        needs=(_PURE, _ALONE),
        protects=True,
    )
    def test_remembers_nothing_of_the_last_notice(self) -> None:
        calls.remembers_nothing(self.adapter)

    @rule(
        Tier.SILVER,
        "A repeat must be the same message, on any machine.",
        "No clock, chance, local time zone, order of a set, hash() or id().",
        needs=(_PURE, _ALONE, _FORGETS),
    )
    def test_gives_the_same_bytes_every_time(self) -> None:
        calls.is_deterministic(self.adapter)

    @rule(
        Tier.SILVER,
        "Whoever reads your messages by machine has built on them.",
        "If the change is meant, renew the golden messages and say so in your release notes.",
        needs=_SOUND,
    )
    def test_keeps_to_its_golden_messages(self) -> None:
        golden.keeps_to(self.adapter, self.golden)

    @rule(
        Tier.GOLD,
        "VPF-06: a worker reads one line before the door opens.",
        "Write `notice.flag` before all that the notice says in words. An envelope of codes, ids and times, and the line of an exercise, "
        "may come first.",
        needs=_SOUND,
    )
    def test_shows_the_flag_first(self) -> None:
        says.flag_comes_first(self.adapter)

    @rule(
        Tier.GOLD,
        "VPF-11: whoever is new reads the warning first.",
        "Write `notice.flag` before what is told of the case in `notice.briefing`.",
        needs=(*_SOUND, "test_shows_the_flag_first"),
    )
    def test_shows_the_flag_first_in_a_briefing(self) -> None:
        says.briefs_flag_first(self.adapter)

    @rule(
        Tier.GOLD,
        "VOI-01: dilution of what a child said is a harm.",
        "Carry every excerpt's text whole, or leave all out that one speaker said.",
        needs=_SOUND,
    )
    def test_carries_verbatim_text_whole_or_not_at_all(self) -> None:
        verbatim.keeps_text_whole(self.adapter)

    @rule(
        Tier.GOLD,
        "LNK-06: he is the father only by report.",
        "Write `certainty` wherever you write `relation`: putative and reported, of children too.",
        needs=_SOUND,
    )
    def test_keeps_certainty_beside_the_relation(self) -> None:
        says.keeps_certainty(self.adapter)

    @rule(Tier.GOLD, "ANO-04: a child may suffer for having told.", "Render `do_not_reveal_source`.", needs=_SOUND)
    def test_keeps_the_mark_that_hides_the_source(self) -> None:
        says.keeps_source_mark(self.adapter)

    @rule(
        Tier.GOLD,
        "NOT-11: what nobody said is believed once it is written.",
        "Write `not stated` where `said_by`, `observed_first_hand`, `confirmed` or `children_present` is None or absent.",
        needs=(*_SOUND, "test_carries_verbatim_text_whole_or_not_at_all"),
    )
    def test_says_what_was_not_stated(self) -> None:
        says.says_not_stated(self.adapter)

    @rule(Tier.GOLD, "NOT-26: nobody may be visited as if the child lived.", "Write `died` wherever you write a name.", needs=_SOUND)
    def test_says_that_a_child_has_died(self) -> None:
        says.says_who_died(self.adapter)

    @rule(Tier.GOLD, "A rehearsal taken for real sends somebody to a door.", "Render `notice.obligation.exercise`.", needs=_SOUND)
    def test_says_that_an_exercise_is_one(self) -> None:
        says.says_exercise(self.adapter)

    @rule(Tier.GOLD, "A person invented by a template is somebody.", "Render only what the notice holds.", needs=_SOUND)
    def test_invents_nothing(self) -> None:
        says.invents_nothing(self.adapter)

    @rule(Tier.PLATINUM, "File names and headers are logged on the way.", "Name the file by `notice.id`.", needs=(_PURE, _FORGETS))
    def test_puts_nothing_personal_in_filename_or_headers(self) -> None:
        leaks.outside_is_bare(self.adapter)

    @rule(Tier.PLATINUM, "Error texts reach logs and screens.", "Say where and what was expected, not what was found.")
    def test_says_nothing_personal_when_it_fails(self) -> None:
        leaks.errors_are_bare(self.adapter)
