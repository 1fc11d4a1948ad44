"""What the helpline is told: that something became of a referral, and whom to ring. No name, no words, no reason path.

The helpline is not an agency on the case. It holds who called, under its own seal, and needs a reference by which to find its own
record; everything about the family is for those who work with it (STANDARDS sections 9 and 13). The policy keeps it out of the
notice; this adapter has no place for it either.
"""

from collections.abc import Sequence
from typing import Any

from alertbus.plugin import CONTRACT, Message, Notice, in_uk
from alertbus.plugin.schema import Schema, closed, document
from alertbus.plugin.wording import HIDE_THE_SOURCE, answering_lines, deed_line, exercise_mark, present, rehearsal, uk_time
from alertbus.plugin.writing import as_page

MEDIA_TYPE = "application/json"
NOTICE_SCHEMA = "nspcc-notice.v1"
WITHDRAWN = "what you were told has been withdrawn by whoever stated it."
DO_NOT_REVEAL = HIDE_THE_SOURCE.capitalize()
NOT_SHOWN = "Nothing about the family is shown here. Ring the contact, with the reference, if you need to know more."


class HelplineAdapter:
    """The sector `nspcc`: a reference and a contact."""

    name = "nspcc"
    sector = "nspcc"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def render(self, notice: Notice) -> Message:
        headers = {"x-alertbus-schema": NOTICE_SCHEMA, "x-alertbus-deed": notice.deed.value}
        return Message(media_type=MEDIA_TYPE, body=as_page(_told(notice), indent=1), filename=f"{notice.id}.json", headers=headers)


def _told(notice: Notice) -> dict[str, Any]:
    """In reading order: the flag and the marks, what it is, what to do."""
    mark = exercise_mark(notice)
    fields = present(
        flag=mark + notice.flag if notice.flag else None,
        exercise=rehearsal(notice),
        do_not_reveal_source=DO_NOT_REVEAL if notice.do_not_reveal_source else None,
        state=deed_line(notice, withdrawn=WITHDRAWN),
        title=mark + notice.title,
        summary=notice.summary,
        action=notice.action,
        contact=notice.contact,
    )
    owed = notice.obligation
    lines = [*fields.values(), *((f"Answer by: {uk_time(owed.due)}",) if owed.due else ()), NOT_SHOWN]
    return fields | present(
        schema=NOTICE_SCHEMA,
        notice_id=notice.id,
        reference=owed.source_id,
        deed=notice.deed.value,
        ended_on=in_uk(notice.ended_at).date().isoformat() if notice.ended_at else None,
        due=owed.due.isoformat() if owed.due else None,
        recipient=notice.recipient,
        answering=[*answering_lines(notice)] or None,
        lawful_basis=notice.lawful_basis,
        withheld=[*notice.withheld],
        text="\n".join(lines),
    )


def notice_schema() -> Schema:
    """Give the JSON Schema of what is sent, as published in `schemas/nspcc-notice.v1.json`. Closed: nothing else can be sent."""
    text: Schema = {"type": "string", "minLength": 1}
    texts: Schema = {"type": "array", "items": text}
    optional = {
        **dict.fromkeys(("flag", "exercise", "do_not_reveal_source", "state", "summary", "action", "contact", "recipient"), text),
        "ended_on": {"type": "string", "format": "date"},
        "due": {"type": "string", "format": "date-time"},
        "answering": texts,
    }
    needed: Schema = {
        "title": text,
        "schema": {"const": NOTICE_SCHEMA},
        **dict.fromkeys(("notice_id", "reference", "deed", "lawful_basis", "text"), text),
        "withheld": texts,
    }
    content = {
        "title": "What the helpline is told by alertbus",
        "description": "A reference and a contact. It has no field for anything about a family.",
        **closed(optional | needed, [*needed]),
    }
    return document(NOTICE_SCHEMA, content)
