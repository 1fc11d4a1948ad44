"""The pure part of the leak matrix: every kind, told to every recipient by every deed, as the notice, as the plugin's message, as plain JSON.

The policy is the shipped one with two changes: every kind is told to everybody on the case, because a fence that stands only where nobody
comes is no fence; and each kind's own words are canaries.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.model.alert import KINDS, AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, NotDelivered, Tick
from alertbus.model.notice import Message, Notice
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Audience, Policy
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseEvent, CaseState
from tests.leaks.canaries import ALERT, CASE, FIELDS, MEANT, RESTRICTION, found_in
from tests.leaks.seen import RECIPIENTS, may_see

EVERY_KIND = (*sorted(KINDS), "never_heard_of")
T0 = datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)
BRIEFING = "briefing"
"""Stands among the deeds for what a newcomer is given."""
MINUTES = ("09:41",)
LATER = timedelta(hours=1, minutes=23)
"""Between what happened and its acceptance."""
EVERYBODY = frozenset(set(Audience) - {Audience.RECENTLY_ENDED})
COLUMN_OF = {agency: column for column, agency in RECIPIENTS.items()}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One field looked for in one thing that one recipient is given."""

    recipient: str
    kind: str
    deed: str
    channel: str
    field: str
    restricted: bool
    found: bool

    @property
    def is_leak(self) -> bool:
        briefing = self.deed == BRIEFING
        return self.found and not may_see(self.recipient, self.field, self.kind, restricted=self.restricted, briefing=briefing)

    def __str__(self) -> str:
        of_him = ", where the man must not learn of a child" if self.restricted else ""
        return f"{self.recipient} finds {self.field} ({self.kind}, {self.deed}, {self.channel}{of_him})"


def canary_policy(*kinds: str) -> Policy:
    """The shipped policy with everybody as the audience, the words of these kinds and of a flag that stands being canaries."""
    shipped = load_policy()
    rules = {name: rule.model_copy(update={"audience": EVERYBODY, "chain": ("duty_manager",)}) for name, rule in shipped.kinds.items()}
    flag = {"title": FIELDS["flag: title"], "action": FIELDS["flag: action"]}
    rules["violent_person_flag"] = rules["violent_person_flag"].model_copy(update=flag)
    own = {"title": FIELDS["kind: title"], "summary": FIELDS["kind: summary"], "action": FIELDS["kind: action"]}
    rules |= {kind: rules[kind].model_copy(update=own) for kind in kinds if kind in rules}
    unknown = shipped.unknown_kind.model_copy(update={"audience": EVERYBODY, **own})
    return shipped.model_copy(update={"kinds": rules, "unknown_kind": unknown})


def said(kind: str, name: str = "", **changed: Any) -> AcceptedAlert:
    at = T0 + timedelta(hours=24 * len(name))
    body = {**ALERT, "kind": kind, "occurred_at": at, "recorded_at": at, **changed}
    first = T0 + LATER if changed.get("action") else None
    return AcceptedAlert.of(Alert.model_validate(body), at + LATER, first).with_people(MEANT)


def a_standing_flag() -> AcceptedAlert:
    body = {"id": "f-1", "source": "a_court", "kind": "violent_person_flag", "occurred_at": T0, "recorded_at": T0}
    alert = Alert.model_validate(body | {"subjects": [{"person": {"label": "him"}}]})
    return AcceptedAlert.of(alert, T0 - timedelta(days=1)).with_people((("p-man",),))


def notices(kind: str, *, restricted: bool) -> Iterator[Notice]:
    """Raised, amended and withdrawn; corrected, for it was somebody else; no longer theirs, for they left; and what follows where a notice
    does not reach its agency, or is answered by nobody.
    """
    policy = canary_policy(kind)
    case = Case.model_validate(CASE | {"restrictions": [RESTRICTION] if restricted else []}).with_implied_links()
    raised = said(kind)
    amended = said(kind, "amended", id="A-2", amends=ALERT["id"], action="amended", severity="critical")
    withdrawn = said(kind, "withdrawn", id="A-3", amends=ALERT["id"], action="withdrawn")
    corrected = said(kind, "corrected", id="A-4", amends=ALERT["id"], action="amended").with_people((("p-stranger",),) * len(MEANT))
    deserted = case.model_copy(update={"version": 2, "involvements": (), "status": "closed"})
    for events in (
        (_reaches(raised), _reaches(amended), _reaches(withdrawn)),
        (_reaches(raised), _reaches(corrected)),
        (_reaches(raised), CaseChanged(case=deserted)),
    ):
        state = CaseState()
        for event in (CaseChanged(case=case), _reaches(a_standing_flag()), *events):
            state, told = _followed(state, event, policy)
            of_it = [one for one in told if one.obligation.alert_id == raised.alert_id]
            yield from of_it
            for one in of_it:
                yield from _followed(state, _not_delivered(one), policy)[1]
    state, _ = _followed(CaseState(), CaseChanged(case=case), policy)
    state, _ = _followed(state, _reaches(raised), policy)
    yield from _followed(state, Tick(case_id="case-1", since=raised.at, at=raised.at + timedelta(days=60)), policy)[1]


def _followed(before: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Notice]]:
    """The case after an event, and the notices about alerts, and of who was not reached, that come of it."""
    outcome = follow(before, event, policy)
    told = [one.notice for one in notices_for(outcome.owed, before, outcome.after, policy)]
    return outcome.after, [*told, *(one for one in outcome.notices if one.rule == "not_reached")]


def _not_delivered(notice: Notice) -> NotDelivered:
    owing = notice.obligation
    who = {"case_id": owing.case_id, "alert_id": owing.alert_id, "obligation_id": owing.id, "agency": owing.agency, "role": owing.role}
    at = owing.since + timedelta(minutes=5)
    return NotDelivered.model_validate({**who, "notice_id": notice.id, "reason": "agency_refused", "at": at})


def briefings(kind: str, *, restricted: bool) -> Iterator[Notice]:
    """What each of them is given who joins a case on which an alert of the kind, and a flag, stand; and then there is somebody new."""
    policy = canary_policy(kind)
    founder = {"agency": "hospital"}
    restrictions = [RESTRICTION] if restricted else []
    body = CASE | {"restrictions": restrictions, "involvements": [founder]}
    case = Case.model_validate(body).with_implied_links().learned(None, T0 - timedelta(days=2))
    joined = Case.model_validate(body | {"involvements": [founder, *CASE["involvements"]]}).with_implied_links()
    second = joined.learned(case, T0 + LATER + timedelta(hours=2))
    state = CaseState()
    for event in (CaseChanged(case=case), _reaches(a_standing_flag()), _reaches(said(kind)), CaseChanged(case=second)):
        outcome = follow(state, event, policy)
        state = outcome.after
        yield from (notice for notice in outcome.notices if notice.obligation.agency in COLUMN_OF)


def _reaches(statement: AcceptedAlert) -> AlertReachedCase:
    return AlertReachedCase(case_id="case-1", via="p-man", alert=statement)


def channels(notice: Notice, plugins: Plugins) -> Iterator[tuple[str, str]]:
    """Every form in which the notice goes out: the record on Kafka, the sector's message, and the plain one."""
    yield "notice", notice.model_dump_json(by_alias=True)
    for name, sector in (("plugin", notice.sector), ("plain", "no such sector")):
        message = plugins.render(notice, plugins.adapter_for(sector))
        yield name, _whole(message)


def _whole(message: Message) -> str:
    outside = json.dumps([message.media_type, message.filename, dict(message.headers), message.idempotency_key])
    return f"{message.body.decode()}\n{outside}"


def sightings(kinds: tuple[str, ...] = EVERY_KIND) -> Iterator[Sighting]:
    """Every cell of the pure part."""
    plugins = Plugins.load()
    for kind in kinds:
        for restricted in (False, True):
            told = [(str(notice.deed), notice) for notice in notices(kind, restricted=restricted)]
            told += [(BRIEFING, notice) for notice in briefings(kind, restricted=restricted)]
            for deed, notice in told:
                column = COLUMN_OF[notice.obligation.agency]
                for channel, text in channels(notice, plugins):
                    found = found_in(text, kind, MINUTES)
                    for field in FIELDS:
                        yield Sighting(column, kind, deed, channel, field, restricted, field in found)
