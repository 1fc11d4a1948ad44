"""Whether a later statement of an alert tells anybody anything. Pure."""

from collections.abc import Hashable

from alertbus.model.alert import AcceptedAlert
from alertbus.model.details import Details


def tells_the_same(earlier: AcceptedAlert, later: AcceptedAlert) -> bool:
    """True if the later statement changes nothing that an agency may see: what was read, and acknowledged, of the earlier one still holds.

    Compared are kind, severity, review date, whether it is history, subjects and children with their roles, the persons that were found for
    them, the narrative, the classified sections of the details, whether the referrer is anonymous, and whether held
    words were released. Also when it happened, unless either
    statement has one time for that and for when it was recorded: its source then says only when it wrote. Not compared are the statement's
    ids, its action, when it was recorded or accepted, and what no notice shows.
    """
    if _shown(earlier) != _shown(later):
        return False
    times = [(statement.alert.occurred_at, statement.alert.recorded_at) for statement in (earlier, later)]
    return earlier.alert.occurred_at == later.alert.occurred_at or any(occurred == recorded for occurred, recorded in times)


def _shown(statement: AcceptedAlert) -> tuple[Hashable, ...]:
    known: tuple[Hashable, ...] | None = statement.memo.get("shown")
    if known is None:
        alert = statement.alert
        known = statement.memo["shown"] = (
            alert.kind,
            alert.severity,
            alert.review_on,
            alert.history,
            alert.subjects,
            alert.children,
            tuple(frozenset(person_ids) for person_ids in statement.people),
            alert.narrative,
            tuple(getattr(alert.details, name) for name in Details.model_fields),
            alert.anonymous,
            statement.words_of is not None,
        )
    return known
