"""HMPPS documents that are not events, recognised so that whoever posted one by mistake is told what it is.

None of them raises an alert: a record says how things stand, not what happened or when, and an old one posted again
would announce a release that is long past.
"""

from collections.abc import Mapping


def recognised(body: Mapping[str, object]) -> str | None:
    """Say what the document is, when it is one that we know and not an event."""
    if "eventType" in body:
        return None
    return next((words for marks, words in _DOCUMENTS if marks <= body.keys()), None)


_RECORD = "a prisoner record as it stands, not an event: it does not say what happened or when"
_DATES = "a prisoner's release dates, not an event: send the event that changed them"
_RISK = "a risk assessment, not an event: send the registration it led to"
_ANSWER = "an answer of an HMPPS API, not an event"

_DOCUMENTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"hearing"}), "a court hearing: no rule; courts are not a source of this bus"),
    (frozenset({"prisonerNumber", "confirmedReleaseDate"}), _DATES),
    (frozenset({"prisonerNumber"}), _RECORD),
    (
        frozenset({"licenceStartDate", "statusCode"}),
        "a licence document, not an event: the release is an event of its own",
    ),
    (frozenset({"riskInCommunity"}), _RISK),
    (frozenset({"riskToSelf"}), _RISK),
    (frozenset({"data"}), _ANSWER),
)
