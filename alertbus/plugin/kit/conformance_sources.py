"""The rules for sources, one function each. They raise `Broken`; `testing.py` says which tier, why and how to mend."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alertbus.model.alert import Alert
from alertbus.model.errors import PluginFault
from alertbus.plugin.kit.conformance import Broken, everything_said_by, leaked, must
from alertbus.plugin.kit.fences import world_closed
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.protocols import Ignored, Source, Stated, UnreadableMessage

ParseOutcome = list[Stated] | Ignored | UnreadableMessage

_CANARY = "Quillfeather 01632 960777"
_EXAMPLES = 200
_JUNK: tuple[Any, ...] = (
    None,
    "",
    " ",
    "{placeholder}",
    -1,
    2**70,
    1.5,
    True,
    [],
    {},
    [{}],
    {"a": []},
    "\ud800",
    "x" * 70_000,
)


def has_attributes(source: Source) -> None:
    try:
        Plugins({"under-test": offer(sources=[source])})
    except PluginFault as fault:
        raise Broken(str(fault)) from None


def outcomes_are_defined(source: Source, samples: Sequence[bytes]) -> None:
    must(samples, "no samples: a source is known by the messages it reads")
    for number, sample in enumerate(samples):
        _outcome(source, sample, f"sample {number}")


def raises_some_alert(source: Source, samples: Sequence[bytes]) -> None:
    outcomes = [_outcome(source, sample, "a sample") for sample in samples]
    raised = [one for outcome in outcomes if isinstance(outcome, list) for one in outcome if isinstance(one, Alert)]
    must(raised, "no sample raises an alert")


def is_deterministic(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        first, second = (_outcome(source, sample, f"sample {number}") for _ in range(2))
        same = str(first) == str(second) if isinstance(first, UnreadableMessage) else first == second
        must(same, f"sample {number} reads differently the second time")
        if isinstance(first, list):
            must(len({a.id for a in first}) == len(first), f"sample {number} gives two statements one id")


def is_pure(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        _outcome(source, sample, f"sample {number}")  # a first call may import what it needs
        with world_closed():
            _outcome(source, sample, f"sample {number}")


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

    @settings(max_examples=_EXAMPLES, deadline=None, database=None)
    @given(st.binary(max_size=400) | tree.map(lambda value: json.dumps(value).encode()))
    def arbitrary(raw: bytes) -> None:
        _outcome(source, raw, "arbitrary bytes")

    arbitrary()
    for raw in (
        b"",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"a":' * 10_000,
        b"NaN",
        b'"\\ud800"',
    ):
        _outcome(source, raw, "hostile bytes")


def survives_damage(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        for where, damaged in _damaged(sample, _JUNK):
            _outcome(source, damaged, f"sample {number} with {where} spoiled")


def ids_are_opaque(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        outcome = _outcome(source, sample, f"sample {number}")
        for stated in outcome if isinstance(outcome, list) else ():
            must(not leaked(stated.id, _personal(stated)), f"sample {number}: the id of what it states holds personal data")


def _personal(stated: Stated) -> list[str]:
    if not isinstance(stated, Alert):
        return [pointer.identifier.value for pointer in stated.people if pointer.identifier]
    people = [subject.person for subject in (*stated.subjects, *stated.children)]
    names = [part for person in people if person.name for part in (person.name.given, person.name.family) if part]
    return [i.value for person in people for i in person.identifiers] + names


def refusals_are_bare(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        for where, damaged in _damaged(sample, (_CANARY, [_CANARY], {"value": _CANARY})):
            outcome = _outcome(source, damaged, f"sample {number} with {where} spoiled")
            if isinstance(outcome, Ignored):
                must(not leaked(outcome.reason, [_CANARY]), f"sample {number}: the reason repeats the value at {where}")
            elif isinstance(outcome, UnreadableMessage):
                text = everything_said_by(outcome) + repr(outcome.faults)
                must(not leaked(text, [_CANARY]), f"sample {number}: the refusal repeats the value at {where}")
    truncated = json.dumps({"name": _CANARY})[:-1].encode()
    refused = _outcome(source, truncated, "a message cut off")
    must(
        not leaked(everything_said_by(refused) if isinstance(refused, UnreadableMessage) else "", [_CANARY]),
        "the refusal repeats the message",
    )


def _outcome(source: Source, raw: bytes, what: str) -> ParseOutcome:
    raised = ""
    try:
        outcome = source.parse(raw, {})
    except UnreadableMessage as unreadable:
        must(unreadable.faults, f"{what}: unreadable, and no fault says where")
        return unreadable
    except Broken:
        raise
    except Exception as error:  # noqa: BLE001  whatever it raises is the finding
        raised = type(error).__name__
    if raised:
        raise Broken(f"{what}: parse raised {raised}, not UnreadableMessage")
    if isinstance(outcome, Ignored):
        must(outcome.reason.strip(), f"{what}: ignored without a reason")
        return outcome
    stated = [one for one in outcome if isinstance(one, Stated)] if isinstance(outcome, list) else []
    must(stated and len(stated) == len(outcome), f"{what}: neither what it states, nor Ignored with a reason, nor UnreadableMessage")
    return stated


def _damaged(sample: bytes, junk: Sequence[Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the sample with one value taken out or replaced, at every place in it, also inside JSON kept as text."""
    try:
        whole = json.loads(sample)
    except ValueError:
        return
    for path, rewrite in _places(whole, ""):
        yield f"{path} missing", _encode(rewrite(_GONE))
        for value in junk:
            yield path, _encode(rewrite(value))


_GONE = object()
Rewrite = Callable[[Any], Any]


def _places(value: Any, path: str) -> Iterator[tuple[str, Rewrite]]:
    if isinstance(value, dict):
        for key in value:
            yield from _place(value, key, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index in range(min(len(value), 3)):
            yield from _place(value, index, f"{path}[{index}]")


def _place(parent: Any, key: Any, path: str) -> Iterator[tuple[str, Rewrite]]:
    def put(new: Any) -> Any:
        copy = dict(parent) if isinstance(parent, dict) else list(parent)
        if new is _GONE:
            del copy[key]
        else:
            copy[key] = new
        return copy

    yield path, put
    child = parent[key]
    if isinstance(child, str) and child[:1] in "{[":
        try:
            inner = json.loads(child)
        except ValueError:
            return
        for below, rewrite in _places(inner, path):
            yield below, lambda new, rewrite=rewrite: put(json.dumps(rewrite(new)))  # type: ignore[misc]
        return
    for below, rewrite in _places(child, path):
        yield below, lambda new, rewrite=rewrite: put(rewrite(new))  # type: ignore[misc]


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()
