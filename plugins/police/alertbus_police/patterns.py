"""Three low-grade notices about the same child within three months are one high concern (STANDARDS section 5).

Each of them is told by itself, on the day. None of them makes anybody look at the three together: this does. It decides nothing: somebody
is asked to decide.
"""

from alertbus.plugin import CasePattern

THREE_MONTHS = 92
"""Days: any three months have at most so many."""

THREE_GREENS = CasePattern(
    name="three_low_grade_notices",
    counts={"kinds": ["ppn"], "where": {"incident.grade": ["green", "low"]}},
    times=3,
    within_days=THREE_MONTHS,
    same_child=True,
    rule={
        "title": "Three low-grade police notices about the same child within three months",
        "within": {"working_days": 1},
        "asks": (
            "Police have raised three low-grade notices about the same child within three months. Treat them as one high concern: read "
            "the three together, and record what you decide."
        ),
        "closes": [
            {"where": {"meeting.type": ["strategy"]}},
            {"stated": ["conference.type"]},
            {"stated": ["status_change.to"]},
            {"stated": ["instruction.what"]},
        ],
        "role": "team_manager",
        "tells": ["duty_manager"],
        "informs": ["case_agencies"],
        "cite": ["STANDARDS 5", "Devon safeguarding guide 42", "1 working day is ours"],
    },
)
