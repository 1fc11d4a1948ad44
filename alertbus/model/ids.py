"""Deterministic ids: the same fact gets the same id on every machine and at every replay, so producing it twice is harmless.

They are version 5 UUIDs over opaque parts. A person's id is the exception: it is drawn at random by the directory, because an id computed
from an NHS number could be computed back.
"""

import hashlib
from uuid import UUID

_NAMESPACE = UUID("5b1f0c64-7a3e-5d0f-9f0e-6d5a1c0be001")
_HASHED = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _id(*parts: str | None) -> str:
    """`uuid5` of the namespace and the parts, in a third of its time: fourteen are made for an alert that reaches seven agencies."""
    hashed = _HASHED.copy()
    hashed.update("\x1f".join([part or "" for part in parts]).encode())
    digits = hashed.hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"


def alert_id(exercise: str | None, source: str, source_id: str) -> str:
    return _id("alert", exercise, source, source_id)


def statement_id(alert: str, source_id: str, action: str, content: str) -> str:
    return _id("statement", alert, source_id, action, content)


def released_id(statement: str) -> str:
    """The statement again, as it stands on a case where its words were released (`AcceptedAlert.with_words`)."""
    return _id("released", statement)


def obligation_id(alert: str, case: str, agency: str, role: str) -> str:
    """One agency role owes one alert on one case an answer (DESIGN section 2)."""
    return _id("obligation", alert, case, agency, role)


def notice_id(obligation: str, statement: str, *, withdrawn_by: str = "", since: str = "") -> str:
    """The id by which the ledger and the agencies' systems recognise a duplicate: of the obligation and the statement.

    `withdrawn_by`, if given, makes it the notice that takes the other one back; `since` distinguishes a briefing from an earlier one, so
    that after a link was taken off and made again its agencies are told again.
    """
    return _id("notice", obligation, statement, withdrawn_by, since)


def receipt_id(notice: str, stage: str, detail: str = "") -> str:
    return _id("receipt", notice, stage, detail)


def escalation_id(obligation: str, since: str, role: str) -> str:
    """One notice for each time that an obligation was asked (`since`) and each person it goes on to, by whatever path they were found."""
    return _id("escalation", obligation, since, role)


def person_ref(case: str, key: str) -> str:
    """What stands for somebody on a case with an agency that may not know who it is. A key there was chosen by a person, and may tell."""
    return _id("person", case, key)


def not_reached_id(obligation: str, informed: str) -> str:
    """The id of the obligation of `informed`, the agency that learns that this obligation's agency was not reached."""
    return _id("not-reached", obligation, informed)


def item_id(case: str, rule: str, opened_by: str, about: str) -> str:
    """One item for each rule, each alert or other cause that opened it on a case, and each child or person that it is about."""
    return _id("item", case, rule, opened_by, about)


def lapse_id(item: str, due: str) -> str:
    """The obligation that arises when an item was not recorded by when it was due. Due at another time, it lapses anew."""
    return _id("lapse", item, due)


def worker_ref(agency: str, name: str) -> str:
    """What stands in an address for somebody who works at an agency. It hides the name from who reads addresses, not from who knows it."""
    return _id("worker", agency, name)


def own_id(case: str, agency: str, role: str, *key: str) -> str:
    """An obligation that the bus made itself: of one agency role on a case, for one reason (`key`)."""
    return _id("own", case, agency, role, *key)


def event_id(*parts: str) -> str:
    return _id("event", *parts)
