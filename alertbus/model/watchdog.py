"""The watchdog: an alert about nobody that travels the whole way every minute, so that silence is noticed (decision 0007).

It is an exercise of its own (decision 0002), with one invented person on one invented case and one agency, which is the
bus itself: no real case is touched and no practitioner sees it. Its alerts do not stand: they are over at once, so
that states forget them. Ids follow from the moment, so that several gateways raise one alert, not several.
"""

from datetime import UTC, datetime, timedelta

from alertbus.model.alert import Alert, Severity
from alertbus.model.case import Case, CasePerson, Certainty, Involvement, Link, Routing
from alertbus.model.person import Person, Subject

EXERCISE = "alertbus-watchdog"
"""Reserved: nobody else may state an alert or a case of it."""

CASE_ID = "alertbus-watchdog"
AGENCY = "alertbus_watchdog"
SOURCE = "alertbus.watchdog"

LATE = timedelta(minutes=5)
"""Delivery passes over a notice of it that is older than this, which would prove that the way was slow and not that it is open. Chosen:
five rounds at the usual one a minute."""

_PERSON = "watchdog"


def its_case() -> Case:
    """Return the case that its alerts reach. It has routing parameters of its own, so that a partnership's policy cannot silence it."""
    return Case(
        id=CASE_ID,
        exercise=EXERCISE,
        people=(CasePerson(key=_PERSON, label="The bus itself"),),
        links=(Link(person=_PERSON, relation="the bus itself", certainty=Certainty.CONFIRMED),),
        involvements=(Involvement(agency=AGENCY),),
        routing=Routing(),
    )


def its_alert(now: datetime, every: timedelta) -> Alert:
    """Return the alert of the interval that `now` lies in."""
    at = interval_start(now, every)
    return Alert(
        id=f"{at:%Y%m%dT%H%M%SZ}",
        source=SOURCE,
        kind="other",
        occurred_at=at,
        recorded_at=at,
        subjects=(Subject(person=Person(key=_PERSON)),),
        severity=Severity.LOW,
        exercise=EXERCISE,
    )


def interval_start(now: datetime, every: timedelta) -> datetime:
    """Return the moment at which the interval that `now` lies in began, on whole seconds."""
    step = max(1, int(every.total_seconds()))
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, UTC)


def is_reserved(*, exercise: str | None = None, case_id: str | None = None, agency: str | None = None, source: str | None = None) -> bool:
    """True for what belongs to the watchdog, by whichever of its names is at hand. Nobody else may state it, and nobody must answer it."""
    return exercise == EXERCISE or case_id == CASE_ID or agency == AGENCY or source == SOURCE


def is_late(occurred_at: datetime, now: datetime) -> bool:
    """True for an alert of its own that says nothing any more at `now`."""
    return now - occurred_at > LATE
