"""The intake's guard of who told: what a referrer's reference may not be. Pure."""

from collections.abc import Iterator

from alertbus.model.alert import Alert
from alertbus.model.errors import Fault


def named_referrers(alert: Alert) -> Iterator[Fault]:
    """Name the reference that may be somebody's name: one of letters alone (NOT-01, ANO-01). What was accepted before stays readable."""
    reference = alert.referrer.reference if alert.referrer else None
    if reference is not None and not any(character.isdigit() for character in reference):
        expected = "the reference under which the agency that took the call keeps who it was, with a digit in it; never a name"
        yield Fault("referrer.reference", expected, "reference_may_be_name")
