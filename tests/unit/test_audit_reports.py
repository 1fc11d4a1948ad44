"""Reports for auditors say what happened to each notice, meeting, conference and delivery, by team and never by worker (recommendation B)."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle.audit_reports import (
    AuditReport,
    as_fields,
    audit_report,
    conferences_report,
    deliveries_report,
    meetings_report,
    ppn_report,
)
from alertbus.chronicle.report_data import NO_TEAM, OwedAnswer, Period, ReportData
from alertbus.chronicle.report_pages import report_as_csv, report_as_html
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.testing import sample_notice
from alertbus.policy.load import load_policy
from alertbus.sql.engine import make_engine, metadata
from tests.town import Town

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
CANARY = "CanaryWorker"
CASE = Case.model_validate(
    {
        "id": "case-1",
        "people": [{"key": "mother", "person_ids": ["p"]}],
        "links": [{"person": "mother", "relation": "mother"}],
        "involvements": [
            *({"agency": name, "from": "2026-01-01"} for name in ("childrens_social_care", "health_visiting", "midwifery")),
            {"agency": "childrens_social_care", "level": "worker", "worker": CANARY, "team": "North", "from": "2026-01-01"},
            {"agency": "childrens_social_care", "level": "manager", "worker": f"{CANARY}2", "team": "Managers", "from": "2026-02-01"},
        ],
    }
)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def said(number: int, kind: str, hours: float, source: str = "childrens_social_care", **stated: Any) -> AcceptedAlert:
    body = {"id": f"A-{number}", "source": source, "kind": kind, "occurred_at": at(hours), "recorded_at": at(hours + 1)}
    alert = Alert.model_validate(body | {"subjects": [{"person": {"label": "x"}}]} | stated)
    return AcceptedAlert.of(alert, at(hours + 2)).with_people((("p",),))


def contact(number: int, hours: float, mode: str, source: str = "childrens_social_care") -> AcceptedAlert:
    return said(number, "other", hours, source, details={"contact": {"mode": mode}})


def owed(
    alert: AcceptedAlert, agency: str, role: str, *receipts: tuple[Stage, float], due: float | None = None, **notice: Any
) -> OwedAnswer:
    found = []
    for number, (stage, hours) in enumerate(receipts):
        by = (
            {"by": CANARY, "intent": "acting"}
            if stage is Stage.ACKNOWLEDGED
            else {"by": CANARY, "note": "seen"}
            if stage is Stage.ACTED
            else {}
        )
        ids = {"notice_id": "n", "obligation_id": "o", "alert_id": "a", "case_id": "case-1"}
        found.append(Receipt.model_validate({"id": f"r-{number}", "agency": agency, "stage": stage, "at": at(hours), **ids, **by}))
    shown: Notice = sample_notice(recipient=CANARY, **notice)
    until = None if due is None else at(due)
    return OwedAnswer(f"{agency}-{role}", alert.alert_id, "case-1", agency, role, alert.alert.kind, alert.at, until, shown, found)


def item(rule: str, alert: AcceptedAlert, opened: float, state: str, closed: float | None = None, **more: Any) -> Item:
    body = {"id": f"i-{rule}", "case_id": "case-1", "rule": rule, "title": "t", "agency": "childrens_social_care", "role": "social_worker"}
    body |= {
        "kind": alert.alert.kind,
        "alert_id": alert.alert_id,
        "source_id": alert.alert.id,
        "opened_at": at(opened),
        "due": at(opened + 24),
    }
    body |= {"state": state, "closed_at": None if closed is None else at(closed), "policy_version": "1", "at": at(opened)}
    return Item.model_validate(body | more)


def data(*statements: AcceptedAlert, told: Any = (), items: Any = (), period: Period = Period()) -> ReportData:  # noqa: B008
    return ReportData(period, {"case-1": CASE}, {"case-1": statements}, {"case-1": told}, {"case-1": items})


def first(report: AuditReport) -> dict[str, Any]:
    found: dict[str, Any] = as_fields(report)["rows"][0]
    return found


PPN = said(1, "ppn", 0, "police.northants")


def a_ppn_report() -> AuditReport:
    manager = owed(PPN, "childrens_social_care", "team_manager", (Stage.ACCEPTED, 3), (Stage.ACKNOWLEDGED, 30))
    worker = owed(
        PPN, "childrens_social_care", "social_worker", (Stage.SENT, 2), (Stage.ACCEPTED, 4), (Stage.ACKNOWLEDGED, 5), (Stage.ACTED, 80)
    )
    other = owed(PPN, "health_visiting", "health_visitor", (Stage.ACKNOWLEDGED, 2.5))
    clock = item("ppn_face_to_face", PPN, 2, "missed", 96, reason="workload")
    after = (contact(2, 20, "telephone"), contact(3, 50, "visit", "health_visiting"), contact(4, 96, "visit"))
    return ppn_report(data(PPN, *after, told=(manager, worker, other), items=(clock,)), POLICY)


def test_aud_01_ppn_02_a_notice_has_five_times_its_response_and_the_managers_acknowledgement() -> None:
    row = first(a_ppn_report())

    assert [row[name] for name in ("incident", "sent", "delivered", "acknowledged", "acted")] == [
        "2026-03-02T09:00+00:00",
        "2026-03-02T11:00+00:00",
        "2026-03-02T12:00+00:00",
        "2026-03-02T14:00+00:00",
        "2026-03-05T17:00+00:00",
    ]
    assert (row["team"], row["reference"]) == ("North", "police.northants A-1")
    assert row["manager acknowledged"] == "2026-03-03T15:00+00:00"
    assert (row["limit"], row["reason"]) == ("missed", "workload")


def test_ppn_04_ppn_05_the_time_to_the_first_visit_counts_no_telephone_call_and_nobody_elses_visit() -> None:
    row = first(a_ppn_report())

    assert (row["first response"], row["face to face"], row["hours to it"]) == ("telephone", "2026-03-06T09:00+00:00", 96.0)


def test_aud_01_the_summary_is_by_team() -> None:
    assert as_fields(a_ppn_report())["summary"] == [
        {
            "team": "North",
            "notices": 1,
            "delivered": 1,
            "acknowledged": 1,
            "acted": 1,
            "by a manager": 1,
            "face to face": 1,
            "limit missed": 1,
            "median hours to it": 96.0,
        }
    ]


def test_a_notice_that_nobody_answered_says_so_and_invents_no_time() -> None:
    row = first(ppn_report(data(PPN), POLICY))

    assert [row[name] for name in ("delivered", "acknowledged", "acted", "face to face", "hours to it", "limit")] == [None] * 6
    assert row["first response"] == "not recorded"


def test_aud_02_a_meeting_is_reported_with_its_interval_and_why_it_was_late_and_one_that_was_void_is_not() -> None:
    asked = said(1, "meeting", 0)
    items = (item("strategy_meeting", asked, 0, "missed", 14 * 24), item("strategy_meeting", asked, 5, "void", id="i-2"))

    report = meetings_report(data(asked, items=items), POLICY)

    assert [(row["days"], row["limit"], row["reason"], row["team"]) for row in as_fields(report)["rows"]] == [
        (14.0, "missed", "unknown", "North")
    ]
    assert report.summary == [("North", 1, 1, 1, 14.0, None)]


CONFERENCE: dict[str, Any] = {"type": "initial", "outcome": "child_in_need", "unanimous": False, "dissent": ["health_visiting"]}


def a_conference_report(**changed: Any) -> AuditReport:
    held = said(9, "conference_outcome", 0, details={"conference": CONFERENCE | changed})
    heard = said(1, "other", -24, "health_visiting")
    asked = item("request", heard, -48, "missed", agency="police")
    told = (owed(held, "police", "x", (Stage.ACCEPTED, 3)), owed(held, "gp", "y", (Stage.ACKNOWLEDGED, 4), withheld=("threat", "offence")))
    return conferences_report(data(heard, held, told=told, items=(asked,)), POLICY, at(24))


def test_aud_03_a_conference_without_a_plan_is_listed_with_what_was_missing_dissent_and_the_follow_up() -> None:
    row = first(a_conference_report(outcome="child_in_need_plan"))

    assert (row["outcome"], row["unanimous"], row["dissent"]) == ("child_in_need_plan", "no", "health_visiting")
    assert row["missing"] == "nothing stated in 28 days by midwifery; not answered by police"
    assert (row["follow-up"], row["it is"]) == ("2027-03-02", "ahead")


def test_aud_03_the_follow_up_prompts_when_its_day_has_come() -> None:
    held = said(9, "conference_outcome", 0, details={"conference": CONFERENCE})

    assert first(conferences_report(data(held), POLICY, at(24 * 366)))["it is"] == "due"


def test_aud_05_with_whom_an_outcome_was_shared_and_what_was_left_out_is_listed() -> None:
    row = first(a_conference_report())

    assert row["shared with"] == "police (delivered); gp (acknowledged)"
    assert "gp: threat, offence" in row["withheld"]


@pytest.mark.parametrize("changed", [{"outcome": "child_protection_plan"}, {"type": "review"}])
def test_aud_03_a_conference_that_led_to_a_plan_and_a_review_are_not_listed(changed: Any) -> None:
    assert list(a_conference_report(**changed).rows) == []


def test_aud_07_deliveries_are_listed_each_with_its_times_and_summed_up_by_agency_and_kind() -> None:
    told = (
        owed(PPN, "police", "x", (Stage.SENT, 2.5), (Stage.ACCEPTED, 3), (Stage.ACKNOWLEDGED, 12), due=10),
        owed(PPN, "gp", "y", due=100),
    )

    report = deliveries_report(data(PPN, told=told), at(50))

    assert [(row["agency"], row["late"], row["delivered"] is None) for row in as_fields(report)["rows"]] == [
        ("gp", "no", True),
        ("police", "yes", False),
    ]
    assert report.summary == [("gp", "ppn", 1, 0, 0, 0, None, None), ("police", "ppn", 1, 1, 1, 1, 60.0, 10.0)]


def test_aud_07_no_interval_is_given_between_an_exercises_time_and_the_machines() -> None:
    told = (owed(PPN, "police", "x", (Stage.ACCEPTED, 3), (Stage.ACKNOWLEDGED, 12)),)

    report = deliveries_report(data(PPN, told=told, period=Period(exercise="e")), at(50))

    assert report.summary == [("police", "ppn", 1, 1, 1, 0, None, None)]


def test_what_was_taken_back_counts_as_no_answer() -> None:
    taken = owed(PPN, "police", "x", (Stage.ACKNOWLEDGED, 3))
    ids = {"id": "u", "notice_id": "n", "obligation_id": "o", "alert_id": "a", "case_id": "case-1", "agency": "police"}
    back = Receipt.model_validate(ids | {"stage": "undone", "undoes": "r-0", "by": CANARY, "intent": "acting", "at": at(4)})

    assert taken._replace(receipts=[*taken.receipts, back]).acknowledged is None


def test_only_what_happened_in_the_period_is_reported() -> None:
    later = said(2, "ppn", 48, "police.northants")
    period = Period(at(24), at(72))

    assert len(ppn_report(data(PPN, later, period=period), POLICY).rows) == 1


def every_report() -> list[AuditReport]:
    told = (owed(PPN, "police", "x", (Stage.ACKNOWLEDGED, 3), (Stage.ACTED, 4)),)
    meeting = meetings_report(data(PPN, items=(item("strategy_meeting", PPN, 0, "met", 3),)), POLICY)
    return [a_ppn_report(), meeting, a_conference_report(), deliveries_report(data(PPN, told=told), at(50))]


def test_not_24_no_report_names_or_counts_a_worker() -> None:
    reports = every_report()

    assert all(report.rows for report in reports)
    for report in reports:
        for text in (report_as_csv(report), report_as_html(report), json.dumps(as_fields(report))):
            assert CANARY not in text
        assert {"worker", "by", "manager", "who"}.isdisjoint((*report.columns, *report.summed_by))


def test_a_report_as_csv_has_every_row_and_runs_nothing() -> None:
    report = a_conference_report(dissent=["=cmd()"])

    found = list(csv.reader(io.StringIO(report_as_csv(report))))

    assert found[0] == list(report.columns)
    assert len(found) == 1 + len(report.rows)
    assert "'=cmd()" in found[1]


def test_a_page_escapes_what_stands_in_it() -> None:
    page = report_as_html(a_conference_report(dissent=["<script>alert(1)</script>"]))

    assert "<script>" not in page
    assert "default-src 'none'" in page


async def test_reports_are_read_from_what_the_bus_did(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    town = Town(engine, T0)
    mother = {"key": "mother", "identifiers": [{"system": "nhs_number", "value": "9845990290"}]}
    await town.put(
        {
            "id": "case-1",
            "people": [mother],
            "links": [{"person": "mother", "relation": "mother"}],
            "involvements": [{"agency": "childrens_social_care"}],
        }
    )
    body = {"id": "P-1", "source": "police.x", "kind": "ppn", "occurred_at": T0, "recorded_at": T0}
    await town.state(body | {"subjects": [{"person": {"identifiers": mother["identifiers"]}}]})

    notices = await audit_report("ppn", engine, POLICY, Period(), at(48))
    deliveries = await audit_report("deliveries", engine, POLICY, Period(), at(48))
    rehearsed = await audit_report("deliveries", engine, POLICY, Period(exercise="another"), at(48))
    await engine.dispose()

    assert [(row["reference"], row["team"]) for row in as_fields(notices)["rows"]] == [("police.x P-1", NO_TEAM)]
    assert {row["role"] for row in as_fields(deliveries)["rows"]} >= {"social_worker", "team_manager"}
    assert list(rehearsed.rows) == []
    assert "its own time" in rehearsed.about
