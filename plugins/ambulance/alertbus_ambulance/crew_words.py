"""The lines that a crew and its control room read, in the order in which they must be read: the active flag first.

Nobody is named, no adult is described, no offence, plan or word of anybody is repeated: a crew needs to know which door, how to approach
it, and whom to call (STANDARDS section 13).
"""

from collections.abc import Iterator

from alertbus.plugin import Notice, NoticePerson, in_uk
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.sections import section_lines
from alertbus.plugin.wording import (
    HIDE_THE_SOURCE,
    NOT_STATED,
    answering_lines,
    deed_line,
    exercise_mark,
    how_sure,
    own_word,
    plain,
    rehearsal,
    section,
    tells_of_release,
    uk_time,
    unsaid_line,
)

DO_NOT_REVEAL = f"DO NOT REVEAL THE SOURCE: {HIDE_THE_SOURCE}"
WITHDRAWN = "the sender has withdrawn this alert. The scene safety flag set for it is ended."
NO_LONGER_YOURS = (
    "this is no longer for your service. The scene safety flag set for it here is ended; the concern itself stands, and others have it."
)
STAYS = "the sender has taken this back. A release of the same person stands, and so does the scene safety flag set for it."
CORRECTED = "this was not about this address. The scene safety flag set for it was entered in error: take it off."


def lines(notice: Notice) -> list[str]:
    return [line for line in (*_first(notice), *_body(notice), *_details(notice), *_small_print(notice)) if line.strip()]


def _first(notice: Notice) -> Iterator[str]:
    taken_back, mistaken = (STAYS, STAYS) if notice.another_stands else (WITHDRAWN, CORRECTED)
    yield exercise_mark(notice) + notice.flag if notice.flag else ""
    yield rehearsal(notice) or ""
    yield deed_line(notice, withdrawn=taken_back, no_longer_yours=NO_LONGER_YOURS, corrected=mistaken, capitals=True) or ""
    yield DO_NOT_REVEAL if notice.do_not_reveal_source else ""


def _body(notice: Notice) -> Iterator[str]:
    yield notice.title
    yield f"You receive this because: {notice.because}"
    yield own_word(notice) or ""
    yield unsaid_line(notice) or ""
    yield from before_this(notice)
    yield notice.summary
    yield f"What to do: {notice.action}" if notice.action else ""
    yield f"Whom to call: {notice.contact}" if notice.contact else ""
    yield f"Answer by: {uk_time(notice.obligation.due)}" if notice.obligation.due else ""
    yield f"For: {notice.recipient}" if notice.recipient else ""
    yield f"Who answers: {' '.join(answers)}" if (answers := answering_lines(notice)) else ""
    # The day alone where the source must not be revealed: the minute may be known to one caller only (STANDARDS section 9).
    yield f"Happened: {in_uk(notice.occurred_at).date().isoformat() if notice.do_not_reveal_source else uk_time(notice.occurred_at)}"
    yield f"To be reviewed on: {notice.review_on.isoformat()}" if notice.review_on else ""


def _details(notice: Notice) -> Iterator[str]:
    flag = section(notice, "flag")
    if tells_of_release(notice):
        day = section(notice, "release").get("date") or plain(NOT_STATED)
        yield f"Release date: {day} ({how_sure(notice).replace('not confirmed', 'reported, not confirmed by the prison')})"
    yield from (f"Precaution: {precaution}" for precaution in flag.get("precautions", ()))
    yield f"Grade: {flag['grade']}" if flag.get("grade") else ""
    yield from section_lines(notice, only={"handover"}, who=_nobody)
    yield from briefing_lines(notice, who=_nobody)


def _small_print(notice: Notice) -> Iterator[str]:
    yield f"Quote: {notice.obligation.source} {notice.obligation.source_id}"
    yield f"Lawful basis: {notice.lawful_basis}"
    yield f"Left out for your service: {', '.join(plain(name) for name in notice.withheld)}" if notice.withheld else ""


def _nobody(person: NoticePerson) -> str:
    return "a child" if person.child else "an adult"
