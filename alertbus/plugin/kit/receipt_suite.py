"""The rules for an adapter's `parse_receipt`, part of every adapter's suite. An adapter without it keeps them all."""

from collections.abc import Sequence
from typing import ClassVar

from alertbus.plugin.kit import conformance_receipts as rules
from alertbus.plugin.kit.tier_report import Tier, rule
from alertbus.plugin.protocols import Adapter


class ReceiptConformance:
    """An adapter's suite inherits it. Set `receipts`, answers of your system, if the adapter has `parse_receipt`."""

    adapter: ClassVar[Adapter]
    receipts: ClassVar[Sequence[bytes]] = ()
    receipts_wanted: ClassVar[str] = ""
    """What to do where there are none, in words; `alertbus plugin check` knows the folders."""

    @rule(
        Tier.BRONZE,
        "An answer that cannot be read leaves the alert unanswered, and it is chased.",
        "Give what guide/receipt-fields.md says of the stage; set `receipts` to real answers of your system, each of which you read.",
        protects=True,
    )
    def test_reads_its_sample_receipts(self) -> None:
        rules.samples_are_read(self.adapter, self.receipts, self.receipts_wanted)

    @rule(
        Tier.SILVER,
        "An answer is read in the delivery lane, and read again after a crash.",
        "Take everything from the receipt: no clock, network, file, print or memory.",
        needs=("test_reads_its_sample_receipts",),
        protects=True,
    )
    def test_reads_a_receipt_from_its_bytes_alone(self) -> None:
        rules.needs_only_the_receipt(self.adapter, self.receipts)

    @rule(
        Tier.GOLD,
        "An answer for the wrong message stops the chase for a family that nobody has read of.",
        "Give the key that stands in the receipt, or an empty one when it names none.",
        needs=("test_reads_its_sample_receipts",),
    )
    def test_answers_for_the_message_that_the_receipt_names(self) -> None:
        rules.answers_the_right_message(self.adapter, self.receipts)

    @rule(
        Tier.GOLD,
        "An answer by somebody who never gave it stops the chase, and nobody acts.",
        "Take `by` and `to` from the receipt; where it names nobody, it is no answer: `SEEN` at most.",
        needs=("test_reads_its_sample_receipts",),
    )
    def test_names_only_whom_a_receipt_names(self) -> None:
        rules.names_who_is_named(self.adapter, self.receipts)

    @rule(
        Tier.GOLD,
        "What is read as an acceptance ends the chase.",
        "Raise UnreadableMessage for whatever you do not recognise as an answer.",
        needs=("test_reads_its_sample_receipts",),
    )
    def test_takes_nothing_for_a_receipt_that_is_none(self) -> None:
        rules.refuses_garbage(self.adapter, self.receipts)

    @rule(
        Tier.GOLD,
        "A system's bad answer must not stop the lane, and of two answers in one neither may be taken.",
        "Check each field where you read it, also that it stands there once; raise UnreadableMessage, and nothing else.",
        needs=("test_reads_its_sample_receipts", "test_takes_nothing_for_a_receipt_that_is_none"),
    )
    def test_survives_damaged_receipts(self) -> None:
        rules.survives_damage(self.adapter, self.receipts)

    @rule(
        Tier.GOLD,
        "Whoever mends the agency's system is told where to look.",
        "Give every fault a path, `$` for the whole, and what was expected there.",
        needs=("test_reads_its_sample_receipts",),
    )
    def test_says_where_a_receipt_cannot_be_read(self) -> None:
        rules.says_where(self.adapter, self.receipts)

    @rule(
        Tier.PLATINUM,
        "A system that refuses a message quotes it, and a refusal reaches logs and screens.",
        "Keep codes, not sentences: nothing that the system wrote freely goes into a fault or a refusal's note.",
        needs=("test_reads_its_sample_receipts", "test_survives_damaged_receipts"),
    )
    def test_repeats_nothing_of_a_receipt_when_it_refuses(self) -> None:
        rules.refusals_are_bare(self.adapter, self.receipts)
