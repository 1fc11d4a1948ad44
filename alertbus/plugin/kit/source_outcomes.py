"""What a source makes of a message, as the kit sees it: an outcome that the contract knows, or the way in which it is none."""

from collections.abc import Sequence

from alertbus.model.alert import Alert
from alertbus.plugin.kit.calling import OutOfBounds, call
from alertbus.plugin.kit.conformance import Broken, must
from alertbus.plugin.kit.named_samples import NamedSample, named
from alertbus.plugin.protocols import Ignored, Source, Stated, UnreadableMessage

ParseOutcome = list[Stated] | Ignored | UnreadableMessage


class Crashed(Broken):
    """`parse` raised something else than `UnreadableMessage`."""


class Unsaid(Broken):
    """`parse` gave nothing, and did not say why."""


def outcome_of(source: Source, raw: bytes, what: str) -> ParseOutcome:
    """Read one message. Raises `Crashed`, `Unsaid`, or `OutOfBounds` when it had to be stopped."""
    raised = ""
    try:
        outcome = call(source.parse, bytes(raw), {})
    except UnreadableMessage as unreadable:
        if not unreadable.faults or not all(fault.path.strip() and fault.expected.strip() for fault in unreadable.faults):
            raise Unsaid(f"{what}: unreadable, and no fault says where and what was expected") from None
        return unreadable
    except OutOfBounds as stopped:
        raise OutOfBounds(f"{what}: {stopped}") from None
    except Broken as broken:
        raised = str(broken).removeprefix("raised ")
    except Exception as error:  # noqa: BLE001  whatever it raises is the finding
        raised = type(error).__name__
    if raised:
        raise Crashed(f"{what}: parse raised {raised}, not UnreadableMessage")
    return _defined(outcome, what)


def tried(source: Source, raw: bytes) -> ParseOutcome | None:
    """Read one message; None where that has no outcome that the contract knows, which other rules judge."""
    try:
        return outcome_of(source, raw, "a message")
    except (Crashed, Unsaid):
        return None


def alerts_of(outcome: ParseOutcome | None) -> list[Alert]:
    """Give the alerts among what a message states."""
    return [one for one in outcome if isinstance(one, Alert)] if isinstance(outcome, list) else []


def telling(source: Source, samples: Sequence[bytes], most: int) -> list[NamedSample]:
    """Give the samples that tell most of a source: of each kind of outcome one, then others, in their order and no more than `most`."""
    first: dict[str, int] = {}
    for number, sample in enumerate(samples):
        outcome = tried(source, sample)
        kinds = sorted({alert.kind + alert.action for alert in alerts_of(outcome)})
        first.setdefault(f"{type(outcome).__name__} {kinds} {outcome.reason if isinstance(outcome, Ignored) else ''}", number)
    chosen = list(first.values())[:most]
    chosen += [number for number in range(len(samples)) if number not in chosen][: most - len(chosen)]
    with_names = named(samples)
    return [with_names[number] for number in sorted(chosen)]


def same(first: ParseOutcome | None, second: ParseOutcome | None) -> bool:
    """Whether two outcomes say the same."""
    return shown(first) == shown(second)


def shown(outcome: ParseOutcome | None) -> list[str]:
    """An outcome as text, to be compared and never shown: it holds a family's data."""
    if isinstance(outcome, UnreadableMessage):
        return [f"{fault.path}: {fault.expected}" for fault in outcome.faults]
    return [one.model_dump_json() for one in outcome] if isinstance(outcome, list) else [repr(outcome)]


def _defined(outcome: object, what: str) -> ParseOutcome:
    if isinstance(outcome, Ignored):
        if not isinstance(outcome.reason, str) or not outcome.reason.strip():
            raise Unsaid(f"{what}: ignored without a reason")
        return outcome
    if isinstance(outcome, list | tuple) and not outcome:
        raise Unsaid(f"{what}: states nothing, and does not say why (an empty list)")
    stated = [one for one in outcome if isinstance(one, Stated)] if isinstance(outcome, list) else []
    if not stated or len(stated) != len(outcome):  # type: ignore[arg-type]
        raise Unsaid(f"{what}: neither what it states, nor Ignored with a reason, nor UnreadableMessage")
    return stated


def must_be_samples(samples: object) -> None:
    """Refuse to judge a source without samples."""
    must(isinstance(samples, list | tuple) and samples, "no samples: a source is known by the messages it reads")
    must(all(isinstance(sample, bytes) for sample in samples), "a sample is not bytes")  # type: ignore[attr-defined]
