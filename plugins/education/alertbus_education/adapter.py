"""A notice as JSON with the plain text a designated safeguarding lead reads, after Operation Encompass (STANDARDS
section 6).

The minimal profile says which child, when, whether present and whether a welfare check was made; never who, where
or what. The adult's identity and any address stay out of both profiles. What another kind of alert is about comes
from the policy's own summary.
"""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Any

from alertbus.plugin import CONTRACT, Excerpt, IdentifierSystem, Message, Notice, NoticePerson, SaidBy, in_uk
from alertbus.plugin.wording import NOT_STATED, answering_lines, excerpt_fields, present, section, tells_of_release, yes_no
from alertbus.plugin.writing import as_page
from alertbus_education import text
from alertbus_education.fence import Fence

MEDIA_TYPE = "application/json"
SCHEMA_NAME = "education-encompass.v1"
RECIPIENT_ROLE = "designated_safeguarding_lead"
ENCOMPASS_KINDS = frozenset({"domestic_abuse_incident"})
"""The kinds that the duty on police covers. Any other is a safeguarding notice in the same form, without the
incident.
"""


ASK_POLICE = "ask_police"
"""Stands for the place of an incident: no address goes to a school, and the police give it to the lead who asks."""


class Profile(StrEnum):
    MINIMAL = "minimal"
    FULL = "full"
    """Adds every other field of the guidance, the UPN and the excerpts. Only for a setting that reads in the lead's own
    login.
    """


class EducationAdapter:
    """`profile="full"` is a decision about a setting whose lead reads in a login of their own; it is never the default.
    `full` names such settings, each by its own name on the bus.
    """

    name = "education"
    sector = "education"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)
    flag_marks: Sequence[str] = (text.FLAG,)

    def __init__(self, *, profile: Profile | str = Profile.MINIMAL, full: Collection[str] = ()) -> None:
        self._profile, self._full = Profile(profile), frozenset(full)

    def render(self, notice: Notice) -> Message:
        profile = Profile.FULL if notice.obligation.agency in self._full else self._profile
        body = as_page(_notification(notice, profile), indent=1)
        return Message(
            media_type=MEDIA_TYPE,
            body=body,
            filename=f"{notice.id}.json",
            headers={
                "x-alertbus-schema": SCHEMA_NAME,
                "x-alertbus-deed": notice.deed.value,
                "x-alertbus-recipient-role": RECIPIENT_ROLE,
            },
        )


def _notification(notice: Notice, profile: Profile) -> dict[str, Any]:
    """In reading order. `text` says the same in sentences, for a setting that prints or mails it."""
    encompass = notice.obligation.kind in ENCOMPASS_KINDS
    full = profile is Profile.FULL
    fence = Fence(notice)
    safe = _safe(fence)
    sentences = text.SchoolText(notice, safe=safe, encompass=encompass, minimal=not full)
    children = [_child(child, notice, encompass=encompass, full=full) for child in notice.children]
    excerpts = _excerpts(notice, fence)
    incident = _incident(notice, excerpts if full else None) if encompass else None
    release = _release(notice)
    said = [*sentences.lines(), *text.children(children), *text.incident(incident), *text.release(release), *text.conference(notice, safe)]
    said += text.briefing(notice, safe)
    return present(
        flag=sentences.flag,
        exercise=sentences.exercise,
        do_not_reveal_source=sentences.do_not_reveal,
        schema=SCHEMA_NAME,
        scheme="operation_encompass" if encompass else "safeguarding_notice",
        profile=profile.value,
        notice_id=notice.id,
        reference=notice.obligation.alert_id,
        deed=notice.deed.value,
        ended_on=in_uk(notice.ended_at).date().isoformat() if notice.ended_at else None,
        recipient=present(role=RECIPIENT_ROLE, name=notice.recipient, why=[*answering_lines(notice)] or None),
        because=sentences.because,
        summary=sentences.summary,
        action=sentences.action,
        contact=sentences.contact,
        due=notice.obligation.due.isoformat() if notice.obligation.due else None,
        lawful_basis=notice.lawful_basis,
        children=children,
        incident=incident,
        release=release,
        flag_grade=section(notice, "flag").get("grade"),
        text="\n".join(said),
        narrative=_narrative(excerpts, len(notice.narrative) - len(excerpts)) if full else None,
    )


def _excerpts(notice: Notice, fence: Fence) -> list[Excerpt]:
    """The excerpts that say of no adult who they are. Of a speaker all are shown or none: a part of what somebody said says
    something else than the whole (VOI-01).
    """
    telling = {e.said_by for e in notice.narrative if fence.tells_who(e.text)}
    return [e for e in notice.narrative if e.said_by not in telling]


def _safe(fence: Fence) -> Callable[[str | None, str], str]:
    def safe(words: str | None, instead: str) -> str:
        return instead if not words or fence.tells_who(words) else words

    return safe


def _child(child: NoticePerson, notice: Notice, *, encompass: bool, full: bool) -> dict[str, Any]:
    name = child.name
    upns = [i.value for i in child.identifiers if i.system is IdentifierSystem.UPN]
    return present(
        first_name=(name.given if name else None) or NOT_STATED,
        surname=(name.family if name else None) or NOT_STATED,
        known_as=child.label if not (name and name.full) else None,
        date_of_birth=child.born.isoformat() if child.born else NOT_STATED,
        date_of_death=child.died.isoformat() if child.died else None,
        present=_waspresent(child, notice) if encompass else None,
        upn=upns[0] if full and upns else None,
    )


def _waspresent(child: NoticePerson, notice: Notice) -> str:
    """Take what is said of this child, else, for a child whom the alert names, what it says of the children. Of a child
    whom it does not name nothing is said: one child's presence is never guessed from another's (VOI-10).
    """
    if child.role is None:
        return NOT_STATED
    if child.role == "present":
        return "yes"
    return yes_no(section(notice, "incident").get("children_present"))


def _incident(notice: Notice, excerpts: Sequence[Excerpt] | None) -> dict[str, Any]:
    """What the guidance lists. With `excerpts`, which the full profile shows, every one of its fields stands there: the
    place as a question to the police, because no address goes to a school, and what nobody has stated as `not_stated`.
    """
    happened = in_uk(notice.occurred_at)
    details = section(notice, "incident")
    known = present(
        date=happened.date().isoformat(),
        hour=happened.hour,
        children_present=yes_no(details.get("children_present")),
        welfare_check=yes_no(details.get("welfare_check")),
    )
    if excerpts is None:
        return known
    said = [n for n, one in enumerate(excerpts) if one.said_by is SaidBy.CHILD]
    told = [n for n, one in enumerate(excerpts) if one.said_by is not SaidBy.CHILD]
    return known | {
        "time": f"{happened:%H:%M}",
        "police_reference": details.get("reference") or NOT_STATED,
        "location": ASK_POLICE,
        "children_where": NOT_STATED,
        "voice_of_the_child": said or NOT_STATED,
        "circumstances": told or NOT_STATED,
    }


def _release(notice: Notice) -> dict[str, Any] | None:
    """The day from which the child may be at risk, and whether it is confirmed. Nothing else of the release (PRI-01, PRI-04)."""
    if not tells_of_release(notice):
        return None
    stated = section(notice, "release")
    return {"date": str(stated.get("date") or NOT_STATED), "confirmed": yes_no(stated.get("confirmed"))}


def _narrative(shown: Sequence[Excerpt], left_out: int) -> list[dict[str, Any]] | None:
    """Excerpts as they are. What is left out is left out whole, and the count says so: it is never cut."""
    return [*map(excerpt_fields, shown), *([{"left_out": left_out}] if left_out else [])] or None
