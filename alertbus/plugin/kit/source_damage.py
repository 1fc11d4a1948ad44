"""The rules of gold for sources: what arrives damaged, unknown or too large is refused aloud, and nothing is lost in silence."""

import json
from collections.abc import Sequence
from typing import ClassVar

from alertbus.plugin.kit import damage
from alertbus.plugin.kit.conformance import Broken, must
from alertbus.plugin.kit.named_samples import named
from alertbus.plugin.kit.source_outcomes import Crashed, Unsaid, outcome_of, same, telling, tried
from alertbus.plugin.protocols import MOST_STATEMENTS, Ignored, Source, UnreadableMessage

EXAMPLES = 200


def survives_anything(source: Source) -> None:
    """Hypothesis is imported here, because only the extra `alertbus[testing]` brings it."""
    try:
        from hypothesis import given, settings
        from hypothesis import strategies as st
    except ImportError:
        raise Broken("not checked: hypothesis is not installed. Install alertbus[testing] beside your plugin.") from None

    words = st.sampled_from(["eventType", "Message", "id", "version", "children", "personReference", "additionalInformation"])
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    tree = st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8), inner, max_size=5),
    )
    lines = st.lists(st.text(st.characters(codec="latin-1"), max_size=30), max_size=5).map(
        lambda found: "|\n".join(found).encode("latin-1")
    )

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(st.binary(max_size=400) | tree.map(lambda value: json.dumps(value).encode()) | lines)
    def arbitrary(raw: bytes) -> None:
        _survives(source, raw, "arbitrary bytes")

    arbitrary()
    for raw in (*damage.HOSTILE, *damage.GARBAGE):
        _survives(source, raw, "hostile bytes")


def survives_damage(source: Source, samples: Sequence[bytes]) -> None:
    must(not (found := _Damaged.of(source, samples)).crashed, found.crashed)


def says_why(source: Source, samples: Sequence[bytes]) -> None:
    """Whatever states nothing has a reason, or a fault with a path: also an unknown type, and a field that is missing."""
    for raw in (*damage.HOSTILE, *damage.GARBAGE):
        _says_why(source, raw, "hostile bytes")
    must(not (found := _Damaged.of(source, samples)).unsaid, found.unsaid)


class _Damaged:
    """What became of every damaged sample of a source: read once for two rules."""

    _last: ClassVar["_Damaged | None"] = None

    def __init__(self, source: Source, samples: Sequence[bytes]) -> None:
        self.source, self.samples = source, tuple(samples)
        self.crashed = self.unsaid = ""
        for sample in named(samples):
            for where, damaged in _all_damage(sample):
                try:
                    outcome_of(source, damaged, f"{sample.name} with {where}")
                except Crashed as crashed:
                    self.crashed = self.crashed or str(crashed)
                except Unsaid as unsaid:
                    self.unsaid = self.unsaid or str(unsaid)

    @classmethod
    def of(cls, source: Source, samples: Sequence[bytes]) -> "_Damaged":
        """Give what was found for these samples last, or find it."""
        last = cls._last
        if last is None or last.source is not source or last.samples != tuple(samples):
            last = cls._last = cls(source, samples)
        return last


def refuses_garbage(source: Source, samples: Sequence[bytes]) -> None:
    """What is no message at all was not understood: `Ignored` would say that it was, and nobody would look at it."""
    garbage = [b"", *damage.GARBAGE]
    for sample in samples[:3]:
        if damage.is_json(sample) or damage.is_markup(sample):
            garbage += [sample[: len(sample) // 2], sample[len(sample) // 2 :], sample[::-1], b"no message of this format"]
    for raw in garbage:
        outcome = tried(source, raw)
        must(not isinstance(outcome, Ignored), "bytes that are no message are ignored as if they had been understood")
        must(not isinstance(outcome, list), "bytes that are no message state something")


def loses_nothing(source: Source, samples: Sequence[bytes]) -> None:
    """A part that cannot be read is refused, or what it says still arrives: the rest of the message does not hide it."""
    for sample in telling(source, samples, 12):
        whole = tried(source, sample)
        if isinstance(whole, UnreadableMessage) or whole is None:
            continue
        for where, damaged in damage.lines_spoiled(sample):
            rest = tried(source, damaged)
            must(not same(rest, whole) or where.endswith("short"), f"{sample.name} with {where}: read as if nothing were wrong")
            fewer = isinstance(whole, list) and (isinstance(rest, Ignored) or (isinstance(rest, list) and len(rest) < len(whole)))
            must(not fewer, f"{sample.name} with {where}: what stood there is dropped, and nobody is told")
        for where, damaged in damage.items_spoiled(sample):
            rest = tried(source, damaged)
            fewer = isinstance(whole, list) and isinstance(rest, list) and len(rest) < len(whole)
            must(not fewer, f"{sample.name} with {where}: what stood there is dropped, and nobody is told")


def states_within_bounds(source: Source, samples: Sequence[bytes]) -> None:
    for sample in telling(source, samples, 3):
        for where, large in damage.repeated(sample):
            outcome = tried(source, large)
            states = len(outcome) if isinstance(outcome, list) else 0
            must(states <= MOST_STATEMENTS, f"{sample.name} with {where}: states {states} things; {MOST_STATEMENTS} is the most")


def _all_damage(sample: bytes) -> list[tuple[str, bytes]]:
    return [
        *damage.spoiled(sample),
        *damage.bytes_lost(sample),
        *damage.lines_spoiled(sample),
        *damage.items_spoiled(sample),
    ]


def _survives(source: Source, raw: bytes, what: str) -> None:
    try:
        outcome_of(source, raw, what)
    except Unsaid:
        return


def _says_why(source: Source, raw: bytes, what: str) -> None:
    try:
        outcome_of(source, raw, what)
    except Crashed:
        return
