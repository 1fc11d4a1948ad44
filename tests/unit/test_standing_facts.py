"""What stands of a case's status and of consent: by what was stated, whatever the order in which it arrived."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model import ids
from alertbus.model.alert import KINDS, AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged
from alertbus.model.notice import ConsentStanding, Notice
from alertbus.model.sensitivity import Sensitivity
from alertbus.plugin.sections import consent_line, section_lines
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.prepared_notices import PreparedNotices
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.standing import StandingAlert
from alertbus.reach.standing_facts import consent_on, status_changes, unended

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOT_STATED = ConsentStanding(plan="child_in_need_plan", state="not_stated")
AGENCIES = ("childrens_social_care", "health_visiting", "school", "police", "housing")
CASE = Case.model_validate(
    {
        "id": "case-1",
        "version": 1,
        "people": [{"key": "mother", "person_ids": ["p-mother"]}, {"key": "kid", "person_ids": ["p-kid"]}],
        "children": ["kid"],
        "links": [{"person": "mother", "relation": "mother", "certainty": "confirmed"}],
        "involvements": [
            *({"agency": name, "from": "2020-01-01"} for name in AGENCIES),
            {"agency": "probation", "scope": "adult_linked", "adult": "mother", "from": "2020-01-01"},
        ],
        "episodes": [{"type": "child_in_need_plan", "from": "2026-01-01"}],
    }
).with_implied_links()


def said(number: int, *, days: int = 0, kind: str = "meeting", people: str = "p-mother", **stated: Any) -> AlertReachedCase:
    at = T0 + timedelta(days=days, minutes=number)
    body = {"id": f"A-{number}", "source": "childrens_social_care", "kind": kind, "occurred_at": at, "recorded_at": at, **stated}
    alert = Alert.model_validate(body | {"subjects": [{"person": {"label": "x"}}]})
    statement = AcceptedAlert.of(alert, at).with_people(((people,),))
    return AlertReachedCase(case_id="case-1", via=people, alert=statement)


def consent(number: int, state: str, *, days: int = 0, plan: str = "child_in_need", **stated: Any) -> AlertReachedCase:
    by = stated.pop("by", "mother")
    return said(number, days=days, details={"consent": {"plan": plan, "state": state, "by": by}}, **stated)


def state_after(*events: AlertReachedCase) -> CaseState:
    state = CaseState()
    for event in (CaseChanged(case=CASE), *events):
        state, _ = reduce_case(state, event, POLICY)
    return state


def stands(*events: AlertReachedCase, days: int = 30) -> ConsentStanding:
    return consent_on(state_after(*events).consents, CASE, T0 + timedelta(days=days))


def told(event: AlertReachedCase, *before: AlertReachedCase) -> dict[str, Notice]:
    state = state_after(*before)
    after, owed = reduce_case(state, event, POLICY)
    return {one.owed.obligation.agency: Notice.model_validate_json(one.json) for one in notices_for(owed, state, after, POLICY)}


def test_eng_03_consent_has_a_day_and_a_source_and_without_a_statement_is_not_stated() -> None:
    assert stands() == NOT_STATED
    assert stands(consent(1, "withdrawn", days=3)) == ConsentStanding(
        plan="child_in_need_plan", state="withdrawn", since=date(2026, 3, 5), source="childrens_social_care"
    )


def test_eng_03_what_is_said_of_a_later_day_stands_whatever_came_last() -> None:
    events = (consent(1, "given"), consent(2, "withdrawn", days=5), consent(3, "given", days=9))

    assert {stands(*order).state for order in permutations(events)} == {"given"}
    assert {stands(*order, days=6).state for order in permutations(events)} == {"withdrawn"}


def test_eng_03_what_was_taken_back_counts_no_more() -> None:
    first, second = consent(1, "given"), consent(2, "withdrawn", days=5)
    back = said(3, days=6, amends="A-2", action="withdrawn")
    mended = consent(4, "refused", days=7, amends="A-2", action="amended")

    assert stands(first, second, back).state == "given"
    assert (stands(first, second, mended).state, stands(first, second, mended).since) == ("refused", date(2026, 3, 9))


def test_eng_03_consent_of_somebody_of_another_family_is_none_here() -> None:
    assert stands(consent(1, "withdrawn", people="p-stranger")) == NOT_STATED
    assert stands(consent(1, "withdrawn", by="nobody_here")) == NOT_STATED


def test_consent_to_another_plan_is_no_consent_to_this_one() -> None:
    assert stands(consent(1, "given", plan="early_help")) == NOT_STATED


def test_the_state_keeps_the_latest_and_does_not_grow() -> None:
    many = [consent(number, "given", days=number) for number in range(40)]

    assert len(state_after(*many).consents) < 20
    assert stands(*many, days=60).since == date(2026, 4, 10)


@given(st.permutations([0, 1, 2, 3]), st.lists(st.integers(0, 3), max_size=4))
def test_any_order_and_any_repetition_gives_the_same_consent(order: list[int], again: list[int]) -> None:
    events = [
        consent(0, "given"),
        consent(1, "withdrawn", days=2),
        consent(2, "given", days=2),
        said(3, days=4, amends="A-2", action="withdrawn"),
    ]

    assert consent_on(state_after(*(events[n] for n in (*order, *again))).consents, CASE, T0 + timedelta(days=9)).state == "withdrawn"


PLAN_KINDS = sorted(kind for kind in KINDS if Sensitivity.PLAN in {POLICY.kind_rule(kind).narrative, POLICY.kind_rule(kind).tells})


@pytest.mark.parametrize("kind", PLAN_KINDS)
def test_eng_03_no_notice_about_a_plan_goes_without_the_state_of_consent_to_who_may_see_the_plan(kind: str) -> None:
    found = told(said(2, kind=kind, days=1), consent(1, "withdrawn"))

    assert {agency for agency, notice in found.items() if notice.consent} == {"childrens_social_care", "health_visiting"} & found.keys()
    assert {notice.consent.state for notice in found.values() if notice.consent} == {"withdrawn"}
    assert {notice.consent and notice.consent.state for notice in told(said(2, kind=kind)).values()} <= {None, "not_stated"}


@pytest.mark.parametrize("kind", ["ppn", "threat_to_staff", "school_concern"])
def test_a_notice_about_something_else_says_nothing_of_consent(kind: str) -> None:
    found = told(said(2, kind=kind, source="nhs"), consent(1, "withdrawn"))

    assert found
    assert [agency for agency, notice in found.items() if notice.consent] == []


def test_the_notice_that_tells_of_a_withdrawal_says_that_it_is_withdrawn() -> None:
    notice = told(consent(1, "withdrawn"))["health_visiting"]

    assert (notice.consent and notice.consent.state) == "withdrawn"
    assert notice.details["consent"]["by"] == ids.person_ref("case-1", "mother")  # health may not know who an adult is
    assert "Consent: withdrawn, by mother, to the plan: child in need" in section_lines(notice)
    assert consent_line(notice) == "Consent to the plan (child in need plan): withdrawn on 2026-03-02, as children's social care stated"


def test_prepared_notices_say_of_consent_what_the_long_way_says() -> None:
    prepared, state = PreparedNotices(POLICY), state_after()
    for event in (said(1), consent(2, "withdrawn"), said(3), consent(4, "given"), said(5), said(6)):
        after, owed = reduce_case(state, event, POLICY)
        long = [one.json for one in notices_for(owed, state, after, POLICY)]
        short = prepared.tell(state, event)
        assert short is None or ([one.json for one in short[1]], short[0]) == (long, after)
        state = after
    assert [json.loads(one)["consent"]["state"] for one in long if b'"consent"' in one] == ["given"]


def test_sta_05_who_left_lately_and_was_not_there_is_told_the_outcome_and_who_dissented_the_same_day() -> None:
    left = {"agency": "midwifery", "from": "2020-01-01", "to": "2026-02-25"}
    involved = [one.model_dump(by_alias=True, exclude={"known_at"}) for one in CASE.involvements]
    case = Case.model_validate(CASE.model_dump(by_alias=True) | {"involvements": [*involved, left]})
    decided = {"type": "initial", "outcome": "child_in_need", "unanimous": False, "dissent": ["health_visiting"]}
    event = said(1, kind="conference_outcome", details={"conference": decided})
    state, _ = reduce_case(CaseState(), CaseChanged(case=case), POLICY)
    after, owed = reduce_case(state, event, POLICY)

    found = {one.owed.obligation.agency: one for one in notices_for(owed, state, after, POLICY)}

    for agency in ("midwifery", "health_visiting", "school", "police"):
        assert json.loads(found[agency].json)["details"] == {"conference": decided}
        assert found[agency].owed.at == event.alert.at


def change(number: int, to: str, *, days: int = 0, **stated: Any) -> AlertReachedCase:
    section = {"to": to, "reason": "why", "basis": "section 17", **stated}
    return said(number, days=days, kind="case_status_change", details={"status_change": section})


def changes(*events: AlertReachedCase) -> list[tuple[str, date]]:
    alerts = [StandingAlert.with_statements(None, [event.alert], event.via) for event in events]
    return [(one.to, one.since) for one in status_changes(alerts, CASE)]


def test_sta_03_only_a_change_of_status_changes_it_and_a_planned_one_holds_from_its_day() -> None:
    meeting = said(9, kind="meeting", details={"status_change": {"to": "closed"}})

    assert changes(change(2, "closed", effective="2026-06-01"), change(1, "child_in_need", days=1), meeting) == [
        ("child_in_need", date(2026, 3, 3)),
        ("closed", date(2026, 6, 1)),
    ]


def test_a_status_stated_in_the_older_form_is_a_change_too() -> None:
    assert changes(said(1, kind="case_status_change", details={"status": "child_protection_plan"})) == [
        ("child_protection_plan", date(2026, 3, 2))
    ]


def episodes(*stated: tuple[str, str, str | None, list[str]]) -> list[tuple[str, str]]:
    made = [{"type": kind, "from": begins, "to": ends, "children": children} for kind, begins, ends, children in stated]
    case = Case.model_validate({"id": "c", "episodes": made})
    return [(gap.episode.type, gap.followed_by.type) for gap in unended(case)]


def test_sta_10_a_plan_that_another_followed_and_nobody_ended_is_a_gap() -> None:
    assert episodes(("child_in_need_plan", "2016-08-15", None, ["a", "b"]), ("child_protection", "2020-07-31", None, ["b"])) == [
        ("child_in_need_plan", "child_protection")
    ]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(("s47_enquiry", "2020-07-31", None, ["a"]), id="an enquiry runs beside a plan"),
        pytest.param(("child_in_need", "2020-07-31", None, ["z"]), id="a plan of another child"),
        pytest.param(("child_in_need", "2016-01-01", None, ["a"]), id="one that came before"),
    ],
)
def test_what_runs_beside_a_plan_ends_none(later: Any) -> None:
    assert ("child_in_need_plan", later[0]) not in episodes(("child_in_need_plan", "2016-08-15", None, ["a"]), later)
