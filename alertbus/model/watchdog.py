"""The watchdog: an alert about nobody that travels the whole way every minute, so that silence is noticed.

It is an exercise of its own (decision 0002), with one invented person on one invented case and one agency, which is the
bus itself: no real case is touched and no practitioner sees it. Its alerts tell and are over: they do not stand, so
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
"""A notice of it that is older than this proves that the way was slow, not that it is open: delivery passes it over (ours)."""

_PERSON = "watchdog"


def case() -> Case:
    """The case that its alerts reach: its own routing, so that a partnership's policy cannot silence it."""
    return Case(
        id=CASE_ID,
        exercise=EXERCISE,
        people=(CasePerson(key=_PERSON, label="The bus itself"),),
        links=(Link(person=_PERSON, relation="the bus itself", certainty=Certainty.CONFIRMED),),
        involvements=(Involvement(agency=AGENCY),),
        routing=Routing(),
    )


def alert(now: datetime, every: timedelta) -> Alert:
    """The alert of the interval that `now` lies in."""
    at = moment(now, every)
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


def moment(now: datetime, every: timedelta) -> datetime:
    """When the interval that `now` lies in began, on whole seconds."""
    step = max(1, int(every.total_seconds()))
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, UTC)


def is_reserved(*, exercise: str | None, case_id: str | None = None) -> bool:
    """Whether only the watchdog itself may state this."""
    return exercise == EXERCISE or case_id == CASE_ID


def is_late(occurred_at: datetime, now: datetime) -> bool:
    return now - occurred_at > LATE
