"""What the bus alone states: that something lapsed, what a newcomer is given, and its own rehearsals. Pure.

Nobody else may: a stranger's lapse would chase people for something that nobody owes, and look like the bus's own word.
"""

from collections.abc import Iterator

from alertbus.model import watchdog
from alertbus.model.alert import Alert
from alertbus.model.briefing import OWN_KINDS, OWN_SOURCE
from alertbus.model.errors import Fault


def reserved_words(alert: Alert) -> Iterator[Fault]:
    """Name what an alert from outside says that only the bus may say. What was accepted before stays readable."""
    if watchdog.is_reserved(exercise=alert.exercise):
        yield Fault("exercise", "the name of an exercise; this one is the bus's own", "reserved")
    if alert.kind in OWN_KINDS:
        yield Fault("kind", "a kind that agencies state; this one is the bus's own", "reserved")
    if alert.source == OWN_SOURCE or alert.source.startswith(f"{OWN_SOURCE}."):
        yield Fault("source", "the agency that states it; this one is the bus itself", "reserved")
