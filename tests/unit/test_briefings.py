"""Whoever arrives on a case is given what stands on it the same day: which arrivals those are, for whom, and what it says (DESIGN section 15)."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.briefing import KIND, BriefedHolder
from alertbus.model.case import Case, in_uk
from alertbus.model.custody import Custody, CustodyState
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, Tick
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent
from alertbus.reach.occasions import next_arrival
from alertbus.reach.reduce_case import CaseEvent, CaseState
from tests.on_a_case import POLICY, OnACase, child_bi, known_by_key, said

EXPECTED = json.loads((Path(__file__).parents[1] / "data/child-bi-expected.json").read_text(encoding="utf-8"))
DAY_0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


def days(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def a_case(version: int = 1, at: datetime = DAY_0, before: Case | None = None, **changed: Any) -> Case:
    body: dict[str, Any] = {
        "id": "case-1",
        "status": "child_in_need",
        "contact": "Duty team, 01632 960123",
        "people": [
            {"key": "mother", "label": "Mother"},
            {"key": "man", "label": "Ex-partner"},
            {"key": "friend", "label": "Friend"},
            {"key": "child", "label": "Child", "born": "2020-01-31"},
        ],
        "children": ["child"],
        "links": [{"person": "man", "relation": "ex_partner", "certainty": "putative"}],
        "involvements": [*FOUNDERS],
        "episodes": [{"type": "child_in_need_plan", "children": ["child"], "from": "2026-02-01"}],
    }
    return known_by_key(Case.model_validate({**body, **changed}).learned(before, at))


FOUNDERS: tuple[dict[str, Any], ...] = (
    {"agency": "childrens_social_care"},
    {"agency": "childrens_social_care", "level": "worker", "worker": "SW1", "from": "2026-01-05"},
    {"agency": "childrens_social_care", "level": "manager", "worker": "TM1", "from": "2026-01-05"},
    {"agency": "gp"},
    {"agency": "police"},
)


def stated(name: str, kind: str, at: datetime, *, source: str = "police", who: str = "man", **more: Any) -> AcceptedAlert:
    body = {"id": name, "source": source, "kind": kind, "occurred_at": at, "recorded_at": at, "subjects": [{"person": {"key": who}}]}
    return said(Alert.model_validate(body | more))


def joined(*more: dict[str, Any], at: datetime, alerts: tuple[AcceptedAlert, ...] = (), **changed: Any) -> OnACase:
    """A case on which these involvements are found in its second version."""
    played, first = OnACase(), a_case()
    played.do(CaseChanged(case=first))
    for one in alerts:
        played.reach(one)
    played.do(CaseChanged(case=a_case(2, at, first, involvements=[*FOUNDERS, *more], **changed)))
    return played


def briefed(played: OnACase, agency: str, worker: str | None = None) -> Notice:
    """The last briefing of an agency or of one worker there."""
    return [n for n in played.own if n.obligation.agency == agency and n.rule == "briefing" and (worker is None or n.recipient == worker)][
        -1
    ]


@pytest.fixture(scope="module")
def review() -> OnACase:
    return child_bi()


# Who is briefed, and when.


def test_every_briefing_of_the_review_is_given_on_its_day(review: OnACase) -> None:
    given = {(n.obligation.since.date().isoformat(), n.obligation.agency, n.recipient) for n in review.own if n.rule == "briefing"}
    agencies = {(day, agency) for day, agency, _ in given}

    missing = [
        one
        for one in EXPECTED["briefings"]
        if (one["date"], one["agency"], one.get("worker")) not in given
        and ("worker" in one or (one["date"], one["agency"]) not in agencies)
    ]
    assert missing == []
    assert len(EXPECTED["briefings"]) == 6


def test_nobody_else_is_briefed_within_the_review_than_who_arrived(review: OnACase) -> None:
    given = sorted(
        {
            (in_uk(n.obligation.since).date().isoformat(), n.obligation.agency, n.recipient or "")
            for n in review.own
            if n.rule == "briefing" and n.obligation.since.year > 2020
        }
    )

    assert given == [
        ("2021-01-20", "housing", ""),
        ("2021-02-26", "childrens_social_care", "TM_COVER"),
        ("2021-04-15", "childrens_social_care", "SW2"),
        ("2021-04-15", "childrens_social_care", "TM2"),
        ("2021-07-29", "childrens_social_care", "HOS1"),
        ("2021-08-31", "childrens_social_care", "SW3"),
        ("2021-10-03", "midwifery", ""),
        ("2021-10-04", "childrens_social_care", "MASH_TM"),
        ("2021-10-04", "midwifery", "NAMED_MIDWIFE"),
        ("2021-10-06", "health_visiting", "HV2"),
        ("2021-10-15", "childrens_social_care", "SW4"),
        ("2021-11-03", "childrens_social_care", "CHAIR_2"),
        ("2021-11-03", "police", "SGO2"),
    ]


def test_vpf_11_an_agency_that_joins_is_briefed_at_once_and_by_an_obligation_of_its_own() -> None:
    played = joined({"agency": "health_visiting"}, at=days(1))

    notice = briefed(played, "health_visiting")
    assert (notice.deed, notice.obligation.kind, notice.obligation.source) == (Deed.DELIVER, KIND, "alertbus")
    assert notice.obligation.since == days(1)
    assert notice.obligation.due == datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
    assert played.state.own[notice.obligation.id].obligation == notice.obligation


def test_nobody_is_new_who_was_there_when_the_case_was_first_recorded() -> None:
    played = OnACase()

    assert played.do(CaseChanged(case=a_case())) == []


def test_tur_02_a_worker_who_starts_on_monday_is_briefed_on_monday() -> None:
    worker = {"agency": "gp", "level": "worker", "worker": "G. Practitioner", "from": "2026-03-09"}
    played = joined(worker, at=days(1))
    assert played.own == []

    assert played.until(datetime(2026, 3, 8, 23, 59, tzinfo=UTC)) == []
    notice = played.until(datetime(2026, 3, 9, 0, 0, tzinfo=UTC))[0]

    assert notice.recipient == "G. Practitioner"
    assert notice.because == "you joined this case on 2026-03-09 → you, GP (safeguarding lead)"


def test_tur_02_the_case_asks_for_a_tick_on_the_day_on_which_somebody_starts() -> None:
    worker = {"agency": "gp", "level": "worker", "worker": "G. Practitioner", "from": "2026-03-09"}
    played = joined(worker, at=days(1))

    assert next_arrival(played.state) == datetime(2026, 3, 9, tzinfo=UTC)
    assert played.state.next_at is not None
    assert played.state.next_at <= datetime(2026, 3, 9, tzinfo=UTC)
    played.until(days(10))
    assert next_arrival(played.state) is None


def test_a_worker_whose_role_is_only_written_otherwise_has_not_arrived() -> None:
    first = a_case()
    played = OnACase()
    played.do(CaseChanged(case=first))
    told = [*FOUNDERS[:1], FOUNDERS[1] | {"role": "senior social worker"}, *FOUNDERS[2:]]

    assert played.do(CaseChanged(case=a_case(2, days(3), first, involvements=told))) == []


def test_whoever_had_left_before_anybody_wrote_it_down_is_not_briefed() -> None:
    worker = {"agency": "gp", "level": "worker", "worker": "Long gone", "from": "2019-01-01", "to": "2020-01-01"}

    assert joined(worker, at=days(1)).own == []


def test_lnk_07_who_works_with_the_children_and_may_know_adults_is_told_who_was_linked() -> None:
    first = a_case(involvements=[*FOUNDERS, {"agency": "school"}, {"agency": "housing", "scope": "plan_partner"}])
    played = OnACase()
    played.do(CaseChanged(case=first))
    links = [{"person": "man", "relation": "ex_partner", "certainty": "putative"}, {"person": "friend", "relation": "new_partner"}]
    second = a_case(
        2, days(2), first, links=links, involvements=[*FOUNDERS, {"agency": "school"}, {"agency": "housing", "scope": "plan_partner"}]
    )
    found = played.do(CaseChanged(case=second))

    assert {n.obligation.agency for n in found} == {"childrens_social_care", "gp", "police"}
    assert all(n.briefing and n.briefing.arrived == ("link",) for n in found)


def test_several_arrivals_of_one_day_are_one_obligation_that_the_later_one_amends() -> None:
    played = joined({"agency": "health_visiting"}, at=days(1))
    second = played.state.case
    links = [{"person": "man", "relation": "ex_partner", "certainty": "putative"}, {"person": "friend", "relation": "new_partner"}]
    third = a_case(3, days(1.2), second, links=links, involvements=[*FOUNDERS, {"agency": "health_visiting"}])
    played.do(CaseChanged(case=third))

    mine = [n for n in played.own if n.obligation.agency == "health_visiting"]
    assert [n.deed for n in mine] == [Deed.DELIVER, Deed.AMEND]
    assert len({n.obligation.id for n in mine}) == 1
    assert len({n.id for n in mine}) == 2
    assert mine[-1].briefing
    assert mine[-1].briefing.arrived == ("agency", "link")


def test_end_11_whoever_has_left_is_given_nothing_more_and_asked_no_more() -> None:
    leaving = {"agency": "gp", "level": "worker", "worker": "G. Practitioner", "from": "2026-03-04", "to": "2026-03-10"}
    played = joined(leaving, at=days(1))
    played.until(days(3))
    briefing = briefed(played, "gp", "G. Practitioner").obligation
    count = len(played.own)

    played.until(days(20))
    played.reach(stated("T-1", "threat_to_staff", days(20)))

    kept = played.state.own.get(briefing.id)
    assert kept is None or kept.ended_at == datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)
    assert len(played.own) == count
    assert [n.recipient for n in played.told if n.obligation.agency == "gp" and n.obligation.since >= days(20)] == [None]


# What it says.


def test_vpf_06_flags_come_first_and_in_the_line_that_is_read_first() -> None:
    flag = stated("F-1", "violent_person_flag", days(-100), source="childrens_social_care")
    concern = stated("C-1", "school_concern", days(0), source="school", who="child")
    notice = briefed(joined({"agency": "health_visiting"}, at=days(1), alerts=(flag, concern)), "health_visiting")

    assert (
        notice.flag == "VIOLENT PERSON FLAG: Read before any visit. Visit jointly; do not visit alone. The flag does not end home visits."
    )
    assert notice.briefing
    assert [one.kind for one in notice.briefing.flags] == ["violent_person_flag"]
    assert [one.kind for one in notice.briefing.stands] == ["violent_person_flag", "school_concern"]


def test_lnk_07_a_midwife_reads_who_is_linked_how_sure_that_is_and_whether_he_is_in_prison() -> None:
    release = stated(
        "R-1", "prisoner_release", days(-9), source="probation", details={"release": {"date": "2026-03-20", "confirmed": True}}
    )
    notice = briefed(joined({"agency": "midwifery"}, at=days(1), alerts=(release,)), "midwifery")

    assert notice.briefing
    man = next(one for one in notice.briefing.links if one.relation == "ex_partner")
    assert man.certainty == "putative"
    assert man.custody == Custody(
        state=CustodyState.IN_CUSTODY, stated_on=days(-9).date(), source="probation", release_on=date(2026, 3, 20), release_confirmed=True
    )


def test_a_recall_is_the_custody_that_stands_after_a_release() -> None:
    release = stated("R-1", "prisoner_release", days(-20), source="probation")
    recall = stated("R-2", "prisoner_recall", days(-2), source="probation")
    notice = briefed(joined({"agency": "midwifery"}, at=days(1), alerts=(release, recall)), "midwifery")

    assert notice.briefing
    (custody,) = (one.custody for one in notice.briefing.links if one.custody)
    assert (custody.state, custody.since, custody.source) == (CustodyState.IN_CUSTODY, days(-2).date(), "probation")


def test_sta_08_the_plan_and_its_day_and_that_nobody_has_stated_a_consent() -> None:
    notice = briefed(joined({"agency": "midwifery"}, at=days(1)), "midwifery")

    assert notice.case_status == "child_in_need"
    assert notice.briefing
    assert [(one.type, one.since) for one in notice.briefing.plans] == [("child_in_need_plan", date(2026, 2, 1))]
    assert notice.consent
    assert notice.consent.state == "not_stated"


def test_eng_03_consent_is_what_was_stated_last_with_its_day() -> None:
    consent = stated(
        "N-1",
        "non_engagement",
        days(0),
        source="childrens_social_care",
        who="mother",
        details={"consent": CONSENT | {"state": "withdrawn"}},
    )
    notice = briefed(joined({"agency": "midwifery"}, at=DAY_0 + timedelta(minutes=1), alerts=(consent,)), "midwifery")

    assert notice.consent
    assert (notice.consent.state, notice.consent.since) == ("withdrawn", DAY_0.date())


CONSENT = {"plan": "child_in_need", "by": "mother"}


def test_int_09_earlier_drug_intelligence_stands_there_by_date_and_source() -> None:
    drugs = stated("D-1", "drug_intelligence", days(-60))
    notice = briefed(joined({"agency": "health_visiting"}, at=days(1), alerts=(drugs,)), "health_visiting")

    assert notice.briefing
    assert [(one.kind, one.day, one.source) for one in notice.briefing.stands] == [("drug_intelligence", days(-60).date(), "police")]


def test_tur_02_a_new_worker_reads_what_their_agency_has_not_answered() -> None:
    worker = {"agency": "gp", "level": "worker", "worker": "G. Practitioner"}
    concern = stated("C-1", "school_concern", days(0), source="school", who="child")
    played = joined(worker, at=days(4), alerts=(concern,))

    notice = briefed(played, "gp")
    assert notice.briefing
    assert [(one.rule, one.title, one.overdue) for one in notice.briefing.open if one.rule == "answer"] == [
        ("answer", "School concern", True)
    ]


def test_tur_08_tur_09_the_one_who_held_it_before_is_named() -> None:
    ended = FOUNDERS[1] | {"to": "2026-03-03", "role": "social worker", "team": "North"}
    new = {"agency": "childrens_social_care", "level": "worker", "worker": "SW2", "from": "2026-03-03"}
    first = a_case()
    played = OnACase()
    played.do(CaseChanged(case=first))
    played.do(CaseChanged(case=a_case(2, days(1), first, involvements=[FOUNDERS[0], ended, *FOUNDERS[2:], new])))

    notice = briefed(played, "childrens_social_care", "SW2")
    assert notice.briefing
    assert notice.briefing.before == (
        BriefedHolder(
            agency="childrens_social_care",
            level="worker",
            name="SW1",
            role="social_worker",
            team="North",
            since=date(2026, 1, 5),
            until=days(1).date(),
        ),
    )
    assert "Held before in your service by SW1" in notice.summary


def test_it_says_how_to_reach_the_others_on_the_case() -> None:
    notice = briefed(joined({"agency": "midwifery"}, at=days(1)), "midwifery")

    assert notice.contact == "Duty team, 01632 960123"
    assert notice.briefing
    assert [(one.agency, one.name) for one in notice.briefing.others] == [
        ("childrens_social_care", None),
        ("childrens_social_care", "SW1"),
        ("childrens_social_care", "TM1"),
        ("gp", None),
        ("police", None),
    ]


def test_tur_14_it_opens_with_a_page_in_plain_words() -> None:
    flag = stated("F-1", "violent_person_flag", days(-100), source="childrens_social_care")
    notice = briefed(joined({"agency": "midwifery"}, at=days(1), alerts=(flag,)), "midwifery")

    assert notice.summary.startswith(
        "You are new to this case. This is what stands on it today. 1 warning about the safety of staff stands: read first. "
        "Plan: child in need plan, since 2026-02-01. Consent: not stated."
    )


def test_not_06_everything_stands_by_its_date_and_nothing_by_its_weight() -> None:
    alerts = (
        stated("A-1", "death", days(-3), source="hospital", who="child", severity="critical"),
        stated("A-2", "school_concern", days(-9), source="school", who="child", severity="low"),
        stated("A-3", "threat_to_staff", days(-6), severity="critical"),
    )
    notice = briefed(joined({"agency": "midwifery"}, at=days(1), alerts=alerts), "midwifery")

    assert notice.briefing
    assert [one.kind for one in notice.briefing.stands] == ["school_concern", "threat_to_staff", "death"]


def test_not_20_a_child_who_is_not_yet_born_is_in_no_briefing(review: OnACase) -> None:
    before_birth = [n for n in review.own if in_uk(n.recorded_at).date() < date(2021, 10, 3)]

    assert len(before_birth) > 10
    assert [n.recipient for n in before_birth if "child_bi" in n.model_dump_json() or "Child Bi" in n.model_dump_json()] == []


def test_not_02_who_acts_for_a_man_is_briefed_on_him_alone() -> None:
    acting = {"agency": "probation", "scope": "adult_linked", "adult": "man"}
    played = joined(acting, at=days(1), restrictions=[{"must_not_learn": "man"}], alerts=(stated("P-1", "ppn", days(0)),))

    notice = briefed(played, "probation")
    assert notice.briefing
    assert notice.children == ()
    assert [one.ref for one in notice.people] == [one.ref for one in notice.briefing.links]
    assert len(notice.people) <= 1
    assert notice.briefing.plans == ()
    assert notice.consent is None
    assert {one.agency for one in notice.briefing.others} == {"childrens_social_care"}


def test_a_school_is_told_of_no_adult_and_of_no_plan() -> None:
    notice = briefed(joined({"agency": "school"}, at=days(1)), "school")

    assert notice.briefing
    assert (notice.people, notice.briefing.links, notice.briefing.plans, notice.consent) == ((), (), (), None)
    assert [one.agency for one in notice.briefing.others][:1] == ["childrens_social_care"]


# A change of worker that somebody states.


def handed_over(at: datetime, **handover: Any) -> AcceptedAlert:
    of_it = {"role": "social_worker", "from": "SW1", "to": "SW2", **handover}
    return stated("W-1", "worker_change", at, source="childrens_social_care", who="mother", details={"handover": of_it})


def told_of(played: OnACase, rule: str) -> list[Notice]:
    return [n for n in played.own if n.rule == rule]


def on_the_case(**changed: Any) -> OnACase:
    played = OnACase()
    links = [{"person": "man", "relation": "ex_partner"}, {"person": "mother", "relation": "mother"}]
    played.do(CaseChanged(case=a_case(links=links, **changed)))
    return played


@pytest.mark.parametrize("pack", [False, None])
def test_tur_01_a_handover_without_a_pack_or_without_a_word_of_one_is_told_to_the_manager(pack: bool | None) -> None:
    played = on_the_case()
    found = played.reach(handed_over(days(1), **({} if pack is None else {"pack": pack})))

    assert [(n.rule, n.recipient, n.obligation.role) for n in found] == [
        ("briefing", "SW2", "social_worker"),
        ("handover", "TM1", "team_manager"),
    ]
    assert all(n.briefing and n.briefing.handover and n.briefing.handover.pack is pack for n in found)


def test_tur_01_both_managers_are_told_by_name_where_the_team_changes(review: OnACase) -> None:
    told = [(n.recipient, n.obligation.since.date().isoformat()) for n in told_of(review, "handover")]

    assert ("TM1", "2021-04-15") in told
    assert ("TM2", "2021-04-15") in told


def test_tur_01_a_pack_that_came_is_nothing_for_the_manager() -> None:
    assert [n.rule for n in on_the_case().reach(handed_over(days(1), pack=True))] == ["briefing"]


def test_tur_03_a_change_of_worker_in_an_enquiry_is_a_critical_moment_for_the_manager_who_takes_it() -> None:
    episodes = [{"type": "s47_enquiry", "children": ["child"], "from": "2026-03-01"}]
    played = on_the_case(episodes=episodes)

    found = played.reach(handed_over(days(1), pack=True))

    manager = next(n for n in found if n.rule == "handover")
    assert manager.recipient == "TM1"
    assert manager.briefing
    assert manager.briefing.handover
    assert manager.briefing.handover.critical == ("a section 47 enquiry is open",)
    assert "This is a critical moment: a section 47 enquiry is open." in manager.summary


def test_tur_03_so_is_one_within_fifteen_working_days_of_an_initial_conference() -> None:
    played = on_the_case()
    outcome = {"conference": {"type": "initial", "outcome": "child_in_need"}}
    played.reach(stated("K-1", "conference_outcome", days(0), source="childrens_social_care", who="mother", details=outcome))

    within = [n.rule for n in played.reach(handed_over(days(20), pack=True))]
    later = on_the_case()
    later.reach(stated("K-1", "conference_outcome", days(0), source="childrens_social_care", who="mother", details=outcome))

    assert within == ["briefing", "handover"]
    assert [n.rule for n in later.reach(handed_over(days(23), pack=True))] == ["briefing"]


def test_eng_04_the_accepting_manager_reads_that_the_consent_has_been_withdrawn() -> None:
    played = on_the_case()
    gone = {"consent": CONSENT | {"state": "withdrawn"}}
    played.reach(stated("N-1", "non_engagement", days(1), source="childrens_social_care", who="mother", details=gone))

    found = played.reach(handed_over(days(1), pack=True))

    manager = next(n for n in found if n.rule == "handover")
    assert "The family has withdrawn its consent to the plan." in manager.summary


def test_tur_07_every_agency_on_the_case_reads_the_name_and_the_role_the_same_day() -> None:
    played = on_the_case(involvements=[*FOUNDERS, {"agency": "school"}])
    played.reach(handed_over(days(1), pack=True))

    told = {n.obligation.agency: n for n in played.told if n.obligation.kind == "worker_change"}
    assert set(told) == {"gp", "police", "school"}
    assert all(n.details["handover"]["to"] == "SW2" and n.details["handover"]["role"] == "social_worker" for n in told.values())
    assert all(n.contact == "Duty team, 01632 960123" for n in told.values())


def test_tur_10_changes_at_two_agencies_within_the_window_are_told_to_the_managers_of_both(review: OnACase) -> None:
    told = {(n.obligation.agency, in_uk(n.obligation.since).date().isoformat()) for n in told_of(review, "changes")}

    assert told == {("childrens_social_care", "2021-10-15"), ("health_visiting", "2021-10-15")}


def test_tur_10_changes_further_apart_are_not(review: OnACase) -> None:
    narrow = POLICY.model_copy(update={"briefings": POLICY.briefings.model_copy(update={"changes_within_days": 8})})

    assert told_of(child_bi(narrow), "changes") == []


# An agency that leaves.


def left(at: datetime) -> AcceptedAlert:
    return stated("E-1", "involvement_ended", at, source="midwifery", who="mother")


def handing_over() -> OnACase:
    return on_the_case(involvements=[*FOUNDERS, {"agency": "midwifery"}, {"agency": "health_visiting"}])


def test_end_03_the_handover_stays_open_for_both_agencies_until_the_successor_has_answered() -> None:
    played = handing_over()
    found = {n.obligation.agency: n for n in played.reach(left(days(1)))}
    assert set(found) == {"midwifery", "health_visiting"}
    mine, theirs = found["midwifery"].obligation, found["health_visiting"].obligation
    played.until(days(40))
    assert played.state.own[mine.id].ended_at is None

    over = played.do(answer(theirs.id, days(41)))

    assert [(n.obligation.id, n.deed) for n in over] == [(mine.id, Deed.NO_LONGER_YOURS)]
    assert played.state.own[mine.id].ended_at == days(41)


def answer(obligation_id: str, at: datetime, **more: Any) -> Answered:
    body = {"receipt_id": "r-1", "by": "H. Visitor", "intent": Intent.ACTING, "agency": "health_visiting", **more}
    return Answered(case_id="case-1", alert_id="x", obligation_id=obligation_id, at=at, **body)


@pytest.mark.parametrize("intent", [Intent.PASSING_ON, Intent.NOT_OURS])
def test_end_03_passing_it_on_or_refusing_it_closes_nothing(intent: Intent) -> None:
    played = handing_over()
    found = {n.obligation.agency: n for n in played.reach(left(days(1)))}

    assert played.do(answer(found["health_visiting"].obligation.id, days(2), intent=intent)) == []
    assert played.state.own[found["midwifery"].obligation.id].ended_at is None


def test_end_03_an_answer_taken_back_opens_it_again() -> None:
    played = handing_over()
    found = {n.obligation.agency: n for n in played.reach(left(days(1)))}
    theirs = found["health_visiting"].obligation.id
    played.do(answer(theirs, days(2)))
    played.do(answer(theirs, days(2.001), receipt_id="r-2", undoes="r-1"))

    assert played.state.own[found["midwifery"].obligation.id].ended_at is None


def test_end_11_the_agency_that_leaves_reads_nothing_of_the_family_in_its_handover() -> None:
    found = {n.obligation.agency: n for n in handing_over().reach(left(days(1)))}

    mine = found["midwifery"]
    assert (mine.children, mine.people, mine.case_status, mine.flag) == ((), (), None, None)
    assert mine.briefing
    assert (mine.briefing.stands, mine.briefing.links, mine.briefing.others) == ((), (), ())


def test_end_03_without_the_successor_on_the_case_its_holder_takes_over() -> None:
    played = on_the_case(involvements=[*FOUNDERS, {"agency": "midwifery"}])

    assert {n.obligation.agency for n in played.reach(left(days(1)))} == {"midwifery", "childrens_social_care"}


# What is folded into it.


def test_what_stands_and_is_no_safety_kind_asks_for_no_answer_beside_the_briefing() -> None:
    flag = stated("F-1", "violent_person_flag", days(-100))
    concern = stated("C-1", "school_concern", days(0), source="school", who="child")
    played = joined({"agency": "health_visiting"}, at=days(1), alerts=(flag, concern))

    into = briefed(played, "health_visiting").obligation.id
    told = {n.obligation.kind: n for n in played.told if n.obligation.agency == "health_visiting"}
    assert (told["school_concern"].folded_into, told["school_concern"].obligation.due) == (into, None)
    assert told["violent_person_flag"].folded_into is None
    assert told["violent_person_flag"].obligation.due is not None


def test_what_is_stated_after_the_newcomer_joined_is_asked_of_them_as_of_anybody() -> None:
    played = joined({"agency": "health_visiting"}, at=days(1))
    played.reach(stated("C-1", "school_concern", days(2), source="school", who="child"))

    told = [n for n in played.told if n.obligation.agency == "health_visiting"]
    assert [(n.folded_into, n.obligation.due is not None) for n in told] == [(None, True)]


def test_who_was_there_when_the_case_was_first_recorded_is_asked_alert_by_alert() -> None:
    played = OnACase()
    played.do(CaseChanged(case=a_case(2)))
    played.reach(stated("C-1", "school_concern", days(-1), source="school", who="child"))

    assert [n.folded_into for n in played.told] == [None] * len(played.told)
    assert all(n.obligation.due for n in played.told)


# What repeats.


def concern(number: int, at: float, **more: Any) -> AcceptedAlert:
    return stated(f"C-{number}", "school_concern", days(at), **{"source": "school", "who": "child", **more})


def counted(played: OnACase, name: str, agency: str = "gp") -> int:
    told = next(n for n in played.told if n.obligation.source_id == name and n.obligation.agency == agency)
    return told.repeats.number if told.repeats else 1


def test_ooh_05_a_later_alert_of_one_matter_says_which_one_it_is_and_is_told_at_once() -> None:
    played = on_the_case()
    for number, at in enumerate((1, 2, 3)):
        played.reach(concern(number, at))

    assert [counted(played, f"C-{number}") for number in range(3)] == [1, 2, 3]
    last = next(n for n in played.told if n.obligation.source_id == "C-2" and n.obligation.agency == "gp")
    assert last.repeats
    assert last.repeats.since == days(1).date()
    assert (last.obligation.since, last.obligation.due is not None) == (days(3), True)


@pytest.mark.parametrize(
    "other",
    [{"kind": "other"}, {"source": "nursery"}, {"who": "mother"}, {"at": 40.0}],
)
def test_ooh_05_another_kind_agency_person_or_time_is_another_matter(other: dict[str, Any]) -> None:
    played = on_the_case(involvements=[*FOUNDERS, {"agency": "nursery"}])
    played.reach(concern(0, 1))
    second = {"kind": "school_concern", "source": "school", "who": "child", "at": 2.0} | other
    played.reach(stated("C-1", second["kind"], days(second["at"]), source=second["source"], who=second["who"]))

    assert counted(played, "C-1") == 1


def test_ooh_05_what_was_withdrawn_is_not_counted() -> None:
    played = on_the_case()
    played.reach(concern(0, 1))
    played.reach(concern(9, 1.5, amends="C-0", action="withdrawn"))
    played.reach(concern(1, 2))

    assert counted(played, "C-1") == 1


def test_ooh_05_a_newcomer_is_told_of_no_count_of_what_came_before_it() -> None:
    played = on_the_case(involvements=[*FOUNDERS, {"agency": "nursery", "from": "2026-03-09"}])
    played.reach(stated("T-0", "ppn", days(1)))
    played.reach(stated("T-1", "ppn", days(2.9)))
    played.until(days(9))

    assert counted(played, "T-1") == 2
    assert [n.repeats for n in played.told if n.obligation.agency == "nursery"] == [None, None]


def test_not_25_a_safety_alert_keeps_an_answer_of_its_own_however_often_it_comes() -> None:
    played = on_the_case()
    for number in range(3):
        played.reach(stated(f"T-{number}", "threat_to_staff", days(1 + number)))

    assert all(n.obligation.due is not None and n.folded_into is None for n in played.told)


# Laws.


VERSIONS = (
    [*FOUNDERS],
    [*FOUNDERS, {"agency": "health_visiting", "from": "2026-03-05"}, {"agency": "health_visiting", "level": "worker", "worker": "HV1"}],
    [
        FOUNDERS[0],
        FOUNDERS[1] | {"to": "2026-03-20"},
        *FOUNDERS[2:],
        {"agency": "health_visiting", "from": "2026-03-05"},
        {"agency": "health_visiting", "level": "worker", "worker": "HV1"},
        {"agency": "childrens_social_care", "level": "worker", "worker": "SW2", "from": "2026-03-20"},
        {"agency": "school", "from": "2026-04-01"},
    ],
)


def the_versions() -> list[CaseChanged]:
    found: list[CaseChanged] = []
    for number, involvements in enumerate(VERSIONS):
        before = found[-1].case if found else None
        links = [{"person": "man", "relation": "ex_partner"}, {"person": "mother", "relation": "mother"}]
        links += [{"person": "friend", "relation": "new_partner"}] if number else []
        found.append(CaseChanged(case=a_case(number + 1, days(number), before, links=links, involvements=involvements)))
    return found


def the_statements() -> list[AlertReachedCase]:
    said_of_it = (
        stated("F-1", "violent_person_flag", days(-10)),
        stated("C-1", "school_concern", days(0.5), source="school", who="child"),
        handed_over(days(18), pack=False),
    )
    return [AlertReachedCase(case_id="case-1", via=one.people[0][0], alert=one) for one in said_of_it]


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_and_any_repetition_brief_the_same_people_by_the_same_obligations(chance: random.Random, ticks: list[int]) -> None:
    """Versions of a case come in their order (decision 0003); ticks in theirs; between them anything comes at any time, and comes again."""
    straight = play([*the_versions(), *the_statements()], ticks=[61])

    mixed: list[CaseEvent] = list(the_versions())
    for one in the_statements():
        mixed.insert(chance.randint(1, len(mixed)), one)
    for place in sorted((chance.randrange(len(mixed)) for _ in range(4)), reverse=True):
        mixed.insert(chance.randint(place + 1, len(mixed)), mixed[place])

    assert play(mixed, ticks=[*sorted(ticks), 61]) == straight


def play(events: list[CaseEvent], ticks: list[int]) -> dict[str, tuple[Any, ...]]:
    """By obligation of the bus's own: whom it asks, since when, by when and for what; with the id of the last notice of it."""
    played, found = OnACase(), dict[str, tuple[Any, ...]]()
    due = [*events]
    for event in due:
        played.do(event)
    for day in ticks:
        tick_to = days(day)
        played.until(tick_to)
    for notice in played.own:
        owed = notice.obligation
        assert notice.briefing
        found[owed.id] = (owed.agency, owed.role, notice.recipient, owed.since, owed.due, notice.rule)
    return found


def test_a_tick_that_comes_again_gives_the_same_notices_again() -> None:
    worker = {"agency": "gp", "level": "worker", "worker": "G. Practitioner", "from": "2026-03-09"}
    played = joined(worker, at=days(1))
    tick = Tick(case_id="case-1", since=days(1), at=days(30))

    first, again = played.do(tick), played.do(tick)

    assert [(n.id, n.deed) for n in first] == [(n.id, n.deed) for n in again]
    assert len(first) == 1


def test_a_state_is_the_same_when_it_comes_back_from_its_table() -> None:
    played = joined({"agency": "health_visiting"}, at=days(1))

    assert CaseState.model_validate_json(played.state.model_dump_json(by_alias=True)) == played.state


def test_the_tick_of_many_years_dates_every_briefing_by_its_own_day() -> None:
    workers = [{"agency": "gp", "level": "worker", "worker": f"W{n}", "from": f"20{27 + n}-01-04"} for n in range(5)]
    played = joined(*workers, at=days(1))

    found = played.until(days(365 * 6))

    assert [in_uk(n.obligation.since).date().year for n in found] == [2027, 2028, 2029, 2030, 2031]
