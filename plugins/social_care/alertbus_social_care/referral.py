"""The referral that a notice may be, as a `Message` of the Children in Need census: one `Child` for each child of the notice."""

import base64
import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from alertbus.plugin import IdentifierSystem, Notice, NoticePerson, in_uk
from alertbus_social_care.census import NEED_NOT_STATED, NOT_OBTAINED, REFERRALS, Census, primary_need, referral_source

USE = "A referral, if the child has no open case. Where one is open, record this there as a contact, and open no second referral."

_ASKED: Mapping[str, str] = {
    "Sex": "Nobody has told us: `not recorded` stands there.",
    "Ethnicity": "Nobody has told us: `information not yet obtained` stands there.",
    "Disability": "Nobody has told us, so it is left out. Record NONE only where somebody has said so.",
    "PrimaryNeedCode": "What stands there is a proposal from the kind of alert, or `not stated`; a social worker decides.",
    "ReferralNFA": "Nobody has decided yet: `false` stands there, because no element says so.",
}
_OWN_ID = "LAchildID"
_BIRTH = "PersonBirthDate"
_MADE = "Of these children your number is not known to us: a number made for this message, beginning with NEW, stands there. Put yours."
_UNBORN_OR_UNKNOWN = "Of these children no day of birth is known to us, so it is left out."


def children_of(notice: Notice) -> list[NoticePerson]:
    """Every child of the notice once, whichever list names them."""
    found: dict[str, NoticePerson] = {}
    for person in (*notice.children, *(p for p in notice.people if p.child)):
        found.setdefault(person.ref, person)
    return list(found.values())


def is_referral(notice: Notice) -> bool:
    """Whether there is a referral to record. What has ended is none, nor what a newcomer is told of the past."""
    return notice.obligation.kind in REFERRALS and not notice.deed.ends and notice.briefing is None and bool(children_of(notice))


def referral(notice: Notice, census: Census) -> str:
    """Write the referral as XML, without the header of a return: whoever sends a return writes that."""
    message = ET.Element("Message")
    children = ET.SubElement(message, "Children")
    for person in children_of(notice):
        child = ET.SubElement(children, "Child")
        _fill(ET.SubElement(child, "ChildIdentifiers"), _identifiers(notice, person, census))
        _fill(ET.SubElement(child, "ChildCharacteristics"), {"Ethnicity": NOT_OBTAINED})
        _fill(ET.SubElement(child, "CINdetails"), _details(notice))
    ET.indent(message)
    return ET.tostring(message, encoding="unicode")


def to_complete(notice: Notice, census: Census) -> list[dict[str, object]]:
    """Name each element of the referral that nobody has stated, with what stands in its place, and for which children."""
    asked: list[dict[str, object]] = [
        {"element": census.sex[0] if element == "Sex" else element, "why": why} for element, why in _ASKED.items()
    ]
    children = children_of(notice)
    if unnumbered := [p.ref for p in children if not _number(p, IdentifierSystem.LA_CHILD_ID)]:
        asked.append({"element": _OWN_ID, "why": _MADE, "children": unnumbered})
    if undated := [p.ref for p in children if p.born is None]:
        asked.append({"element": _BIRTH, "why": _UNBORN_OR_UNKNOWN, "children": undated})
    return asked


def number_of(notice: Notice, person: NoticePerson) -> str:
    """Give the authority's own number for the child, or one made for the message: opaque, and the same in every message on the case."""
    made = hashlib.sha256(f"{notice.obligation.case_id}\x1f{person.ref}".encode()).digest()
    return _number(person, IdentifierSystem.LA_CHILD_ID) or "NEW" + base64.b32encode(made).decode()[:17]


def _identifiers(notice: Notice, person: NoticePerson, census: Census) -> dict[str, str | None]:
    sex, not_recorded = census.sex
    return {
        _OWN_ID: number_of(notice, person),
        "UPN": _number(person, IdentifierSystem.UPN),
        _BIRTH: person.born.isoformat() if person.born else None,
        sex: not_recorded,
        "PersonDeathDate": person.died.isoformat() if person.died else None,
    }


def _details(notice: Notice) -> dict[str, str | None]:
    return {
        "CINreferralDate": in_uk(notice.recorded_at).date().isoformat(),
        "ReferralSource": referral_source(notice),
        "PrimaryNeedCode": primary_need(notice) or NEED_NOT_STATED,
        "ReferralNFA": "false",
    }


def _number(person: NoticePerson, system: IdentifierSystem) -> str | None:
    return next((i.value for i in person.identifiers if i.system is system), None)


def _fill(parent: ET.Element, values: Mapping[str, str | None]) -> None:
    for name, value in _stated(values.items()):
        ET.SubElement(parent, name).text = value


def _stated(values: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in values if value)
