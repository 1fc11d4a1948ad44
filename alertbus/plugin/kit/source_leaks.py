"""The rules of platinum for sources: what reaches keys, logs and the sender holds nothing of a family."""

from collections.abc import Sequence

from alertbus.plugin.kit import damage
from alertbus.plugin.kit.conformance import everything_said_by, must
from alertbus.plugin.kit.source_outcomes import outcome_of, telling, tried
from alertbus.plugin.kit.source_values import leaks, marked, personal
from alertbus.plugin.protocols import Ignored, Source, UnreadableMessage

_CANARY = "Quillfeather 01632 960777"
_RUN = 40
"""Characters of a message, in a row, that make a refusal a repetition of it."""


def ids_are_opaque(source: Source, samples: Sequence[bytes]) -> None:
    for number, sample in enumerate(samples):
        outcome = outcome_of(source, sample, f"sample {number}")
        for stated in outcome if isinstance(outcome, list) else ():
            must(not leaks(stated.id, personal([stated])), f"sample {number}: the id of what it states holds personal data")


def refusals_are_bare(source: Source, samples: Sequence[bytes]) -> None:
    """Sought are the sample's own people, and words that the kit put into every field that takes one."""
    for number, sample in enumerate(telling(source, samples, 12)):
        own = personal(tried(source, sample))
        changed, words = marked(source, sample)
        for base, values in ((sample, own), (changed, words)):
            for where, damaged in [("nothing", base), *_missing_and_broken(base)]:
                _is_bare(source, damaged, values, f"sample {number} with {where} spoiled")
        for place in damage.places(sample):
            for value in (_CANARY, [_CANARY], {"value": _CANARY}):
                _is_bare(source, place.put(value), [_CANARY], f"sample {number} with {place.where} spoiled")


def _missing_and_broken(sample: bytes) -> list[tuple[str, bytes]]:
    found = [(place.where, raw) for place in damage.places(sample) for raw in (place.gone, place.put(""), place.put(-1))]
    return [*found, *damage.bytes_lost(sample), *damage.lines_spoiled(sample)]


def _is_bare(source: Source, raw: bytes, values: Sequence[str], what: str) -> None:
    outcome = tried(source, raw)
    if isinstance(outcome, Ignored):
        text = outcome.reason
    elif isinstance(outcome, UnreadableMessage):
        text = everything_said_by(outcome) + repr(outcome.faults)
    else:
        return
    must(not leaks(text, values), f"{what}: the refusal or the reason repeats what the message says")
    whole = raw.decode("utf-8", "replace")
    told = outcome.reason if isinstance(outcome, Ignored) else str(outcome)
    runs = (whole[at : at + _RUN] for at in range(0, min(len(whole), 4_000) - _RUN, _RUN // 2))
    must(not any(run.strip() and run in told for run in runs), f"{what}: the refusal or the reason repeats the message")
