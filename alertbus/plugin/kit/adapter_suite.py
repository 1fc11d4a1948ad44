"""The rules for adapters as pytest classes that a plugin's own tests inherit."""

from typing import ClassVar

from alertbus.plugin.kit import conformance_adapters as adapters
from alertbus.plugin.kit.receipt_suite import ReceiptConformance
from alertbus.plugin.kit.tier_report import Tier, rule
from alertbus.plugin.protocols import Adapter


class AdapterConformance(ReceiptConformance):
    """Inherit, and set `adapter`. Every rule is a test."""

    adapter: ClassVar[Adapter]

    @rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name, sector, contract = 1, formats, render.", ground=True)
    def test_has_what_the_contract_asks(self) -> None:
        adapters.has_attributes(self.adapter)

    @rule(Tier.BRONZE, "An alert of a kind you did not expect must still arrive.", "Render from the notice's fields.")
    def test_renders_every_kind_and_deed(self) -> None:
        adapters.renders_everything(self.adapter)

    @rule(Tier.BRONZE, "Most fields are absent for most sectors.", "Leave out what is not there; assume nothing.")
    def test_renders_a_notice_with_all_optional_fields_absent(self) -> None:
        adapters.renders_minimal(self.adapter)

    @rule(Tier.BRONZE, "A withdrawn threat that looks like a new one is believed.", "Render `notice.deed`.")
    def test_tells_a_withdrawal_from_a_delivery(self) -> None:
        adapters.tells_deeds_apart(self.adapter)

    @rule(Tier.SILVER, "A repeat must be the same message, on any machine.", "No clock, chance, or local time zone.")
    def test_gives_the_same_bytes_every_time(self) -> None:
        adapters.is_deterministic(self.adapter)

    @rule(Tier.SILVER, "render runs inside the delivery lane.", "Take everything from the notice.")
    def test_touches_no_network_file_or_clock(self) -> None:
        adapters.is_pure(self.adapter)

    @rule(Tier.SILVER, "What it remembers of one family reaches the next.", "Keep no state between calls.")
    def test_remembers_nothing_of_the_last_notice(self) -> None:
        adapters.remembers_nothing(self.adapter)

    @rule(Tier.GOLD, "VPF-06: a worker reads one line before the door opens.", "Write `notice.flag` before all else.")
    def test_shows_the_flag_first(self) -> None:
        adapters.flag_comes_first(self.adapter)

    @rule(Tier.GOLD, "VPF-11: whoever is new reads the warning first.", "Write `notice.flag` first, of a `notice.briefing` as well.")
    def test_shows_the_flag_first_in_a_briefing(self) -> None:
        adapters.briefs_flag_first(self.adapter)

    @rule(
        Tier.GOLD,
        "VOI-01: dilution of what a child said is a harm.",
        "Carry each excerpt's text whole, or leave it out.",
    )
    def test_carries_verbatim_text_whole_or_not_at_all(self) -> None:
        adapters.keeps_text_whole(self.adapter)

    @rule(Tier.GOLD, "LNK-06: he is the father only by report.", "Write `certainty` wherever you write `relation`.")
    def test_keeps_putative_beside_the_relation(self) -> None:
        adapters.keeps_putative(self.adapter)

    @rule(Tier.GOLD, "ANO-04: a child may suffer for having told.", "Render `do_not_reveal_source`.")
    def test_keeps_the_mark_that_hides_the_source(self) -> None:
        adapters.keeps_source_mark(self.adapter)

    @rule(
        Tier.GOLD,
        "NOT-11: what nobody said is believed once it is written.",
        "Write `not stated` where `said_by`, `observed_first_hand`, `confirmed` or `children_present` is None or absent.",
    )
    def test_says_what_was_not_stated(self) -> None:
        adapters.says_not_stated(self.adapter)

    @rule(Tier.GOLD, "NOT-26: nobody may be visited as if the child lived.", "Write `died` wherever you write a name.")
    def test_says_that_a_child_has_died(self) -> None:
        adapters.says_who_died(self.adapter)

    @rule(Tier.GOLD, "A rehearsal taken for real sends somebody to a door.", "Render `notice.obligation.exercise`.")
    def test_says_that_an_exercise_is_one(self) -> None:
        adapters.says_exercise(self.adapter)

    @rule(Tier.GOLD, "A person invented by a template is somebody.", "Render only what the notice holds.")
    def test_invents_nothing(self) -> None:
        adapters.invents_nothing(self.adapter)

    @rule(Tier.PLATINUM, "File names and headers are logged on the way.", "Name the file by `notice.id`.")
    def test_puts_nothing_personal_in_filename_or_headers(self) -> None:
        adapters.outside_is_bare(self.adapter)

    @rule(Tier.PLATINUM, "Error texts reach logs and screens.", "Say where and what was expected, not what was found.")
    def test_says_nothing_personal_when_it_fails(self) -> None:
        adapters.errors_are_bare(self.adapter)
