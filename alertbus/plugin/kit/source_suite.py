"""The rules for sources as a pytest class that a plugin's own tests inherit."""

from collections.abc import Sequence
from typing import ClassVar

from alertbus.plugin.kit import conformance_sources as sources
from alertbus.plugin.kit import source_damage, source_leaks, source_many, source_words
from alertbus.plugin.kit.tier_report import Tier, rule
from alertbus.plugin.protocols import Source

_PURE = "test_touches_no_network_file_or_clock"
_FORGETS = "test_remembers_nothing_of_the_last_message"
_SAME = "test_reads_the_same_bytes_the_same_way_twice"


class SourceConformance:
    """Inherit, and set `source` and `samples`: raw messages, at least one of which raises an alert."""

    source: ClassVar[Source]
    samples: ClassVar[Sequence[bytes]]

    @rule(Tier.BRONZE, "The bus refuses it at start-up otherwise.", "Set name and parse(raw, headers).", ground=True)
    def test_has_what_the_contract_asks(self) -> None:
        sources.has_attributes(self.source)

    @rule(
        Tier.BRONZE,
        "One message that takes seconds, or a gigabyte, holds up all that come after it.",
        "Read in one pass; refuse what is too large or too deep before you build anything of it.",
        ground=True,
        protects=True,
    )
    def test_stays_within_time_and_memory(self) -> None:
        sources.stays_within(self.source, self.samples)

    @rule(
        Tier.BRONZE,
        "Nothing is dropped in silence.",
        "Return a list of alerts or Ignored(reason), or raise UnreadableMessage.",
        ground=True,
        protects=True,
    )
    def test_gives_every_sample_a_defined_outcome(self) -> None:
        sources.outcomes_are_defined(self.source, self.samples)

    @rule(
        Tier.BRONZE,
        "A source that never raises an alert protects nobody.",
        "Mend what is refused (`alertbus plugin parse PATH FILE` shows every fault), or add a sample that raises one.",
    )
    def test_raises_an_alert_for_at_least_one_sample(self) -> None:
        sources.raises_some_alert(self.source, self.samples)

    @rule(
        Tier.SILVER,
        "What a message states must follow from the message alone.",
        "Read the message; ask nobody and nothing else. A time comes from the message.",
        protects=True,
    )
    def test_touches_no_network_file_or_clock(self) -> None:
        sources.is_pure(self.source, self.samples)

    @rule(
        Tier.SILVER,
        "What is printed or logged is read by people who may not know the family.",
        "Take out print and logging; say what is wrong in a fault.",
        protects=True,
    )
    def test_writes_nothing_to_the_screen_or_a_log(self) -> None:
        sources.is_silent(self.source, self.samples)

    @rule(
        Tier.SILVER,
        "What it remembers of one family reaches the next.",
        "Keep no state between calls: no attribute, global or default argument that grows.",
        needs=(_PURE,),
        protects=True,
    )
    def test_remembers_nothing_of_the_last_message(self) -> None:
        sources.remembers_nothing(self.source, self.samples)

    @rule(Tier.SILVER, "The same message sent twice must be one alert.", "Take id and times from the message.", needs=(_PURE, _FORGETS))
    def test_reads_the_same_bytes_the_same_way_twice(self) -> None:
        sources.is_deterministic(self.source, self.samples)

    @rule(
        Tier.SILVER,
        "The bus reads a message again on another machine, and an id that differs is a second alert.",
        "Sort what comes out of a set; take no id from hash().",
        needs=(_PURE, _FORGETS, _SAME),
    )
    def test_reads_the_same_bytes_the_same_way_on_any_machine(self) -> None:
        sources.is_the_same_anywhere(self.source, self.samples)

    @rule(Tier.GOLD, "A sender's mistake must not stop the queue.", "Raise UnreadableMessage, and nothing else.")
    def test_survives_arbitrary_bytes(self) -> None:
        source_damage.survives_anything(self.source)

    @rule(
        Tier.GOLD,
        "Real messages lack fields and contradict themselves.",
        "Check each field where you read it.",
        needs=("test_survives_arbitrary_bytes",),
    )
    def test_survives_damaged_samples(self) -> None:
        source_damage.survives_damage(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "A message without an outcome is a warning that nobody ever sees.",
        "Give Ignored a reason and UnreadableMessage a fault with a path; never return an empty list.",
    )
    def test_says_why_a_message_states_nothing(self) -> None:
        source_damage.says_why(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "What is ignored is not looked at again; what is unreadable is kept, and a person asks its sender.",
        "Raise UnreadableMessage for what is no message of yours; ignore only what you have read.",
    )
    def test_calls_garbage_unreadable(self) -> None:
        source_damage.refuses_garbage(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "The line that could not be read may have been the one about the child.",
        "Refuse the whole message when a part of it cannot be read, with that part's path.",
        needs=("test_says_why_a_message_states_nothing",),
    )
    def test_loses_no_part_of_a_message_in_silence(self) -> None:
        source_damage.loses_nothing(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "What was said last may be what the child was afraid to say first.",
        "Take the words whole, however long; refuse with UnreadableMessage what is too long. Cut no name and no place either.",
        needs=(_PURE, _FORGETS, _SAME, "test_calls_garbage_unreadable"),
    )
    def test_carries_long_words_whole_or_refuses_them(self) -> None:
        source_words.carries_words_whole(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "A name read in the wrong encoding is nobody's name, and a child's words are no longer the child's.",
        "Decode UTF-8 before anything else, and refuse with UnreadableMessage what is neither that nor the encoding your system says.",
        needs=("test_carries_long_words_whole_or_refuses_them",),
    )
    def test_reads_letters_in_the_encoding_they_are_in(self) -> None:
        source_words.reads_its_letters(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "The sixth child of a family, or the last line of the night, is nobody's who reads the first five.",
        "Read every item; refuse with UnreadableMessage more of them than an alert or a message takes.",
        needs=(_PURE, _FORGETS, _SAME, "test_loses_no_part_of_a_message_in_silence"),
    )
    def test_reads_all_of_many_or_refuses_them(self) -> None:
        source_many.reads_all_of_many(self.source, self.samples)

    @rule(
        Tier.GOLD,
        "Thousands of alerts from one message bury the one that matters.",
        "Refuse with UnreadableMessage what would state more than 500 things.",
    )
    def test_states_no_more_than_a_message_may(self) -> None:
        source_damage.states_within_bounds(self.source, self.samples)

    @rule(Tier.PLATINUM, "Ids stand in keys, logs and URLs.", "Use an opaque id or a hash of the message.")
    def test_puts_no_identifier_in_the_alert_id(self) -> None:
        source_leaks.ids_are_opaque(self.source, self.samples)

    @rule(Tier.PLATINUM, "Reasons and errors reach logs and the sender.", "Say where and what was expected, never what was found.")
    def test_repeats_nothing_of_the_input_when_it_refuses(self) -> None:
        source_leaks.refusals_are_bare(self.source, self.samples)
