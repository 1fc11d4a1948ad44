"""The rules for sources as pytest classes that a plugin's own tests inherit."""

from collections.abc import Sequence
from typing import ClassVar

from alertbus.plugin.kit import conformance_sources as sources
from alertbus.plugin.kit.tier_report import Tier, rule
from alertbus.plugin.protocols import Source


class SourceConformance:
    """Inherit, and set `source` and `samples`: raw messages, at least one of which raises an alert."""

    source: ClassVar[Source]
    samples: ClassVar[Sequence[bytes]]

    @rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name and parse(raw, headers).", ground=True)
    def test_has_what_the_contract_asks(self) -> None:
        sources.has_attributes(self.source)

    @rule(Tier.BRONZE, "Nothing is dropped in silence.", "Return alerts or Ignored(reason), or raise UnreadableMessage.")
    def test_gives_every_sample_a_defined_outcome(self) -> None:
        sources.outcomes_are_defined(self.source, self.samples)

    @rule(Tier.BRONZE, "A source that never raises an alert protects nobody.", "Add a sample that raises one.")
    def test_raises_an_alert_for_at_least_one_sample(self) -> None:
        sources.raises_some_alert(self.source, self.samples)

    @rule(Tier.SILVER, "The same message sent twice must be one alert.", "Take id and times from the message.")
    def test_reads_the_same_bytes_the_same_way_twice(self) -> None:
        sources.is_deterministic(self.source, self.samples)

    @rule(Tier.SILVER, "A URL in a message may lead anywhere.", "Read the message; fetch nothing.")
    def test_touches_no_network_file_or_clock(self) -> None:
        sources.is_pure(self.source, self.samples)

    @rule(Tier.GOLD, "A sender's mistake must not stop the queue.", "Raise UnreadableMessage, and nothing else.")
    def test_survives_arbitrary_bytes(self) -> None:
        sources.survives_anything(self.source)

    @rule(Tier.GOLD, "Real messages lack fields and contradict themselves.", "Check each field where you read it.")
    def test_survives_damaged_samples(self) -> None:
        sources.survives_damage(self.source, self.samples)

    @rule(Tier.PLATINUM, "Ids stand in keys, logs and URLs.", "Use an opaque id or a hash of the message.")
    def test_puts_no_identifier_in_the_alert_id(self) -> None:
        sources.ids_are_opaque(self.source, self.samples)

    @rule(Tier.PLATINUM, "Reasons and errors reach logs and the sender.", "Say where and what was expected.")
    def test_repeats_nothing_of_the_input_when_it_refuses(self) -> None:
        sources.refusals_are_bare(self.source, self.samples)
