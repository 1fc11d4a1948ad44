"""What an agency was told before of an alert that its source has changed since: its own earlier notices, no more than it may see now."""

from collections.abc import Sequence

from alertbus.model.notice import Notice


def former_notices(told: Sequence[Notice]) -> tuple[Notice, ...]:
    """Give the earlier notices of one obligation that say something else than the latest, the oldest first; one for each statement.

    Nothing of what is over for the agency, or was never about its case. An earlier one that showed what is withheld by now, or who the
    source is where that may no longer be known, is left out whole.
    """
    if not told or told[-1].deed.ends:
        return ()
    latest = told[-1]
    by_statement = {one.recorded_at: one for one in told if _may_still_be_seen(one, latest)}
    by_statement.pop(latest.recorded_at, None)
    return tuple(one for at, one in sorted(by_statement.items()) if at < latest.recorded_at)


def _may_still_be_seen(former: Notice, latest: Notice) -> bool:
    hidden = latest.do_not_reveal_source and not former.do_not_reveal_source
    return not former.deed.ends and not hidden and set(latest.withheld) <= set(former.withheld)
