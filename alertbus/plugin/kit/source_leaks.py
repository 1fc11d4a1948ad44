"""The rules of platinum for sources: what reaches keys, logs and the sender holds nothing of a family."""

from collections.abc import Sequence

from alertbus.plugin.kit import damage
from alertbus.plugin.kit.conformance import everything_said_by, must
from alertbus.plugin.kit.named_samples import named
from alertbus.plugin.kit.source_outcomes import outcome_of, telling, tried
from alertbus.plugin.kit.source_values import leaks, marked, personal
from alertbus.plugin.protocols import Ignored, Source, UnreadableMessage

_CANARY = "Quillfeather 01632 960777"
_RUN = 40
"""Characters of a message, in a row, that make a refusal a repetition of it."""


def ids_are_opaque(source: Source, samples: Sequence[bytes]) -> None:
    for sample in named(samples):
        outcome = outcome_of(source, sample, sample.name)
        for stated in outcome if isinstance(outcome, list) else ():
            must(not leaks(stated.id, personal([stated])), f"{sample.name}: the id of what it states holds personal data")


def refusals_are_bare(source: Source, samples: Sequence[bytes]) -> None:
    """Sought are the sample's own people, and words that the kit put into every field that takes one."""
    for sample in telling(source, samples, 12):
        own = personal(tried(source, sample))
        changed, words = marked(source, sample)
        for base, values in ((sample, own), (changed, words)):
            for where, damaged in [("nothing", base), *_missing_and_broken(base)]:
                _is_bare(source, damaged, values, f"{sample.name} with {where} spoiled")
        for place in damage.places(sample):
            for value in (_CANARY, [_CANARY], {"value": _CANARY}):
                _is_bare(source, place.put(value), [_CANARY], f"{sample.name} with {place.where} spoiled")


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
    runs = ((at, whole[at : at + _RUN]) for at in range(0, min(len(whole), 4_000) - _RUN, _RUN // 2))
    repeated = next((_line_at(whole, at) for at, run in runs if run.strip() and run in told), "")
    must(not repeated, f"{what}: the refusal or the reason repeats the message: {_RUN} characters in a row{repeated}")


def _line_at(whole: str, at: int) -> str:
    """Say in which line that is. Headings stand in the first: a plugin knows them by itself, and still they are the message's words."""
    if "\n" not in whole.strip() or damage.is_json(whole.encode("utf-8", "replace")):
        return " of it"
    number = whole.count("\n", 0, at) + 1
    return f" of its line {number}" + (", where headings stand: words of your own form are found too" if number == 1 else "")
