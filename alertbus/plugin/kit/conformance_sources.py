"""The rules of bronze and silver for sources, one function each. They raise `Broken`; `source_suite.py` says why and how to mend."""

import contextlib
import logging
from collections.abc import Callable, Sequence

from alertbus.model.errors import PluginFault
from alertbus.plugin.kit import damage, elsewhere
from alertbus.plugin.kit.calling import OutOfBounds, listened
from alertbus.plugin.kit.conformance import Broken, must
from alertbus.plugin.kit.fences import world_closed
from alertbus.plugin.kit.named_samples import named
from alertbus.plugin.kit.source_outcomes import alerts_of, must_be_samples, outcome_of, same, shown, telling, tried
from alertbus.plugin.kit.source_values import leaks, marked, personal
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.protocols import Headers, Ignored, Source, Stated, UnreadableMessage

_TOLD = 110
"""Characters that are told of each refusal of a sample."""

_FEW = 60
"""Damaged messages of a sample on which a rule of silver looks: enough for every branch of a reader."""


def has_attributes(source: Source) -> None:
    try:
        Plugins({"under-test": offer(sources=[source])})
    except PluginFault as fault:
        raise Broken(str(fault)) from None


def stays_within(source: Source, samples: Sequence[bytes]) -> None:
    """Every sample, and each of the kit's hostile messages, is read in time and in little memory."""
    must_be_samples(samples)
    for sample in (*samples, *damage.HOSTILE):
        tried(source, sample)


def outcomes_are_defined(source: Source, samples: Sequence[bytes]) -> None:
    must_be_samples(samples)
    for sample in named(samples):
        outcome_of(source, sample, sample.name)


def raises_some_alert(source: Source, samples: Sequence[bytes]) -> None:
    """A sample that is refused is named with its fault, in the plugin's own words: the sample is invented, so they are about nobody."""
    found = [(sample.name, tried(source, sample)) for sample in named(samples)]
    refused = [f"{name}: {each}" for name, each in found if isinstance(each, UnreadableMessage)]
    why = f"; {len(refused)} of {len(found)} refused: {' | '.join(each[:_TOLD] for each in refused)}" if refused else ""
    must(any(alerts_of(outcome) for _, outcome in found), f"no sample raises an alert{why}")


def is_pure(source: Source, samples: Sequence[bytes]) -> None:
    for sample in telling(source, samples, 12):
        tried(source, sample)  # a first call may import what it needs
        for where, raw in [("as it is", sample), *_some_damage(sample)]:
            tried(source, raw)
            how = _how_touched(source, raw)
            must(not how, f"{sample.name} {where}: {how}", how.why if how else "")


def is_silent(source: Source, samples: Sequence[bytes]) -> None:
    for sample in telling(source, samples, 12):
        for where, raw in [("as it is", sample), *_some_damage(sample)]:
            with listened(deep=True) as heard:
                _unlimited(source, raw)
            must(not heard.characters, f"{sample.name} {where}: {heard}")


def remembers_nothing(source: Source, samples: Sequence[bytes]) -> None:
    """Read one family's message after another's, and after the same with every value changed: nothing of the other may show."""
    first = [shown(tried(source, sample)) for sample in samples]
    others = telling(source, samples, 3)
    for sample in named(samples):
        changed, canaries = marked(source, sample)
        for other in (changed, *(each for each in others if each != sample)):
            tried(source, sample)
            own = "\n".join(shown(tried(source, sample)))
            theirs = [*canaries, *(value for value in personal(tried(source, other)) if not leaks(own, [value]))]
            tried(source, other)
            found = leaks("\n".join(shown(tried(source, sample))), theirs)
            must(not found, f"{sample.name} reads with something in it of the message before")
    again = [shown(tried(source, sample)) for sample in samples]
    backwards = [shown(tried(source, sample)) for sample in reversed(samples)]
    if again == first and len(samples) > 1:
        must(again == backwards[::-1], "a sample reads otherwise when other messages came before it")


def is_deterministic(source: Source, samples: Sequence[bytes]) -> None:
    for sample in named(samples):
        first, second = (outcome_of(source, sample, sample.name) for _ in range(2))
        must(same(first, second), f"{sample.name} reads differently the second time")
        if isinstance(first, list):
            must(len({stated_id(one) for one in first}) == len(first), f"{sample.name} gives two statements one id")


def is_the_same_anywhere(source: Source, samples: Sequence[bytes]) -> None:
    """In processes of their own, in each of which Python orders its sets otherwise."""
    found = elsewhere.under_other_seeds(source, "parse", [bytes(sample) for sample in samples])
    must(len(set(found)) <= 1, "it reads otherwise in another process: an order of a set, or `hash()`, stands in what it states")


def stated_id(stated: Stated) -> str:
    return stated.id


def _some_damage(sample: bytes) -> list[tuple[str, bytes]]:
    found = list(damage.spoiled(sample)) + list(damage.bytes_lost(sample))
    return found[:: max(1, len(found) // _FEW)]


def _how_touched(source: Source, raw: bytes) -> Broken | None:
    def closed(message: bytes, headers: Headers) -> None:
        with world_closed():
            _quietly(lambda: source.parse(bytes(message), headers))

    logging.disable()  # a log has a clock of its own, and a rule of its own
    try:
        closed(raw, {})
    except OutOfBounds:
        raise
    except Broken as broken:
        return broken
    finally:
        logging.disable(logging.NOTSET)
    return None


def _unlimited(source: Source, raw: bytes) -> None:
    _quietly(lambda: source.parse(bytes(raw), {}))


def _quietly(function: Callable[[], Sequence[Stated] | Ignored]) -> None:
    """Call it, whatever it raises: another rule judges that. A fence that it touched has taken note."""
    with contextlib.suppress(Exception, SystemExit):
        function()
