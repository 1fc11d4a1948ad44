"""Any agency that is active on a case can ask how it stands, and is told what it may see, at once (STA-02, STA-08, END-08)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle.case_status import CaseStatus, case_status
from alertbus.intake.status_faults import status_faults
from alertbus.model.alert import Alert
from alertbus.model.errors import NotFound
from alertbus.model.notice import ConsentStanding
from alertbus.sql.engine import make_engine, metadata
from tests.town import POLICY, Town

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
MOTHER = {"key": "mother", "name": {"given": "CanaryMother"}, "identifiers": [{"system": "nhs_number", "value": "9845990290"}]}
KID = {"key": "kid", "label": "Eldest", "born": "2018-01-01", "identifiers": [{"system": "nhs_number", "value": "9959195651"}]}
BABY = {"key": "baby", "label": "CanaryBaby", "born": "2026-03-20"}
CASE: dict[str, Any] = {
    "id": "case-1",
    "contact": "Duty team, 01632 960123",
    "people": [MOTHER, KID, BABY, {"key": "man"}],
    "children": ["kid", "baby"],
    "links": [{"person": "mother", "relation": "mother"}, {"person": "man", "relation": "putative father"}],
    "involvements": [
        {"agency": "childrens_social_care"},
        {"agency": "childrens_social_care", "level": "worker", "worker": "SW1", "team": "North", "from": "2026-01-01", "to": "2026-02-01"},
        {"agency": "childrens_social_care", "level": "worker", "worker": "SW2", "team": "South", "from": "2026-02-01"},
        {"agency": "childrens_social_care", "level": "manager", "worker": "TM1", "from": "2026-01-01"},
        *({"agency": name} for name in ("health_visiting", "police", "housing")),
        {"agency": "midwifery", "from": "2025-01-01", "to": "2026-01-31"},
        {"agency": "school.kid", "children": ["kid"]},
        {"agency": "probation", "scope": "adult_linked", "adult": "man"},
    ],
    "episodes": [
        {"type": "child_protection_plan", "from": "2025-06-01", "children": ["kid"]},
        {"type": "child_in_need_plan", "from": "2025-09-01", "children": ["kid"]},
    ],
}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    town = Town(engine, T0)
    await town.put(CASE)
    yield town
    await engine.dispose()


async def state(town: Town, number: int, details: dict[str, Any], *, kind: str = "other", days: float = 0, **stated: Any) -> None:
    town.now = T0 + timedelta(days=days)
    people = [{"person": {"identifiers": one["identifiers"]}} for one in (MOTHER, KID)]
    body = {"id": f"A-{number}", "source": "childrens_social_care", "kind": kind, "occurred_at": town.now, "recorded_at": town.now}
    await town.state(body | {"subjects": people, "details": details} | stated)


async def asked(town: Town, reader: str | None, *, days: float = 30) -> CaseStatus:
    return await case_status(town.engine, POLICY, "case-1", reader, now=T0 + timedelta(days=days))


async def test_sta_02_a_health_visitor_is_told_plan_day_and_authority_without_a_social_worker(town: Town) -> None:
    change = {"to": "child_in_need_plan", "reason": "Conference.", "basis": "Section 17."}
    await state(town, 1, {"status_change": change}, kind="case_status_change", days=1)

    found = await asked(town, "health_visiting")

    assert (found.open, found.status, found.since, found.said_in) == (True, "child_in_need_plan", date(2026, 3, 3), "statement")
    assert (found.authority, found.reference, found.contact) == ("childrens_social_care", "A-1", "Duty team, 01632 960123")
    assert found.holder is not None
    assert found.holder.model_dump() == {"agency": "childrens_social_care", "worker": "SW2", "team": "South", "manager": "TM1"}


async def test_where_no_change_was_ever_stated_the_case_file_says_how_it_stands(town: Town) -> None:
    found = await asked(town, "health_visiting")

    assert (found.open, found.status, found.said_in, found.authority) == (True, "child_in_need_plan", "case_file", None)
    assert found.since == date(2025, 9, 1)
    assert found.plans == ("child_protection_plan", "child_in_need_plan")


async def test_sta_03_what_the_statement_and_the_case_file_say_differently_is_shown(town: Town) -> None:
    await state(town, 1, {"status_change": {"to": "closed", "reason": "r", "basis": "b"}}, kind="case_status_change", days=1)

    found = await asked(town, None)

    assert (found.open, found.status) == (False, "closed")
    assert found.mismatch == "stated: closed; case file: child_in_need, child_protection"


async def test_sta_03_a_meeting_that_speaks_of_closing_closes_nothing_and_a_planned_change_is_shown_as_planned(town: Town) -> None:
    await state(town, 1, {"meeting": {"type": "child_in_need"}, "status": "closed"}, kind="meeting", days=1)
    later = {"to": "closed", "reason": "r", "basis": "b", "effective": "2026-06-01"}
    await state(town, 2, {"status_change": later}, kind="case_status_change", days=2)

    before, after = await asked(town, None), await asked(town, None, days=100)

    assert (before.open, before.planned and before.planned.since) == (True, date(2026, 6, 1))
    assert (after.open, after.status, after.since, after.planned) == (False, "closed", date(2026, 6, 1), None)


async def test_sta_03_a_change_that_was_withdrawn_is_none(town: Town) -> None:
    await state(town, 1, {"status_change": {"to": "closed", "reason": "r", "basis": "b"}}, kind="case_status_change", days=1)
    await state(town, 2, {}, kind="case_status_change", days=2, amends="A-1", action="withdrawn")

    found = await asked(town, None)

    assert (found.said_in, found.changes) == ("case_file", ())


async def test_eng_03_consent_is_told_with_its_day_and_source(town: Town) -> None:
    assert (await asked(town, "health_visiting")).consent == ConsentStanding(plan="child_in_need_plan", state="not_stated")
    await state(town, 1, {"consent": {"plan": "child_in_need", "state": "withdrawn", "by": "mother"}}, kind="non_engagement", days=3)

    assert (await asked(town, "health_visiting")).consent == ConsentStanding(
        plan="child_in_need_plan", state="withdrawn", since=date(2026, 3, 5), source="childrens_social_care"
    )


async def test_end_08_the_last_sight_of_each_child_is_told_and_a_child_of_whom_nothing_was_said_as_not_stated(town: Town) -> None:
    await state(town, 1, {"contact": {"mode": "visit", "seen": ["kid"], "seen_alone": ["kid"]}}, days=1, source="health_visiting")
    await state(town, 2, {"contact": {"mode": "office", "seen": ["kid"]}}, days=2)
    await state(town, 3, {"contact": {"mode": "visit", "not_seen": ["kid"]}}, days=5)
    await state(town, 4, {"contact": {"mode": "telephone", "with": ["mother"]}}, days=6)

    kid, baby = (await asked(town, "health_visiting")).last_seen

    assert (kid.called, kid.on, kid.by, kid.how, kid.alone) == ("Eldest", date(2026, 3, 4), "childrens_social_care", "office", False)
    assert kid.last_not_seen == date(2026, 3, 7)
    assert (baby.child, baby.on) == ("baby", None)


async def test_not_20_a_child_who_is_not_born_is_not_listed(town: Town) -> None:
    assert [one.child for one in (await asked(town, "health_visiting", days=1)).last_seen] == ["kid"]


async def test_sta_10_a_plan_without_an_end_that_another_followed_is_listed(town: Town) -> None:
    (gap,) = (await asked(town, None)).gaps

    assert (gap.plan, gap.since, gap.followed_by) == ("child_protection_plan", "2025-06-01", "child_in_need_plan")


@pytest.mark.parametrize("reader", ["school.kid", "police"])
async def test_who_may_know_that_there_is_a_plan_is_told_that_the_case_is_open_and_whom_to_ring_and_no_more(
    town: Town, reader: str
) -> None:
    await state(town, 1, {"status_change": {"to": "child_in_need_plan"}}, kind="case_status_change", days=1)

    found = await asked(town, reader)

    assert (found.open, found.since, found.authority) == (True, date(2026, 3, 3), "childrens_social_care")
    assert found.contact == "Duty team, 01632 960123"
    assert (found.status, found.plans, found.consent, found.last_seen, found.changes, found.gaps) == (None, (), None, (), (), ())
    assert "plan" in found.withheld


@pytest.mark.parametrize("restricted", [False, True])
async def test_not_02_probation_is_told_of_no_child_no_plan_and_no_worker(town: Town, restricted: bool) -> None:
    await state(
        town, 1, {"consent": {"plan": "child_in_need", "state": "withdrawn"}, "contact": {"mode": "visit", "seen": ["kid"]}}, days=1
    )
    if restricted:
        await town.put(CASE | {"restrictions": [{"must_not_learn": "man"}]})

    found = await asked(town, "probation")

    text = json.dumps(found.model_dump(mode="json"))
    assert [word for word in ("child_in_need", "Canary", "Eldest", "kid", "SW2", 'withdrawn"') if word in text] == []
    assert found.contact == "Duty team, 01632 960123"
    assert (found.open is None) == restricted


async def test_a_landlord_is_told_whom_to_ring_and_nothing_else(town: Town) -> None:
    found = await asked(town, "housing")

    assert found.model_dump(exclude_defaults=True, exclude={"as_of", "withheld"}) == {
        "case_id": "case-1",
        "contact": "Duty team, 01632 960123",
    }


@pytest.mark.parametrize("reader", ["midwifery", "school", "school.other", "gp", "never_heard_of"])
async def test_who_is_not_active_on_the_case_is_told_as_if_there_were_none(town: Town, reader: str) -> None:
    with pytest.raises(NotFound) as refused:
        await asked(town, reader)
    with pytest.raises(NotFound) as unknown:
        await case_status(town.engine, POLICY, "case-none", reader, now=T0)

    assert str(refused.value) == str(unknown.value)


async def test_words_that_wait_for_a_decision_are_not_told_with_the_status(town: Town) -> None:
    other = {
        "key": "other",
        "name": {"given": "Anna", "family": "Muster"},
        "identifiers": [{"system": "nhs_number", "value": "9434765919"}],
    }
    await town.put({"id": "case-2", "people": [other], "links": [{"person": "other", "relation": "mother"}], "involvements": []})
    reason = "As Anna Muster has it."
    await state(town, 1, {"status_change": {"to": "closed", "reason": reason, "basis": "b"}}, kind="case_status_change", days=1)

    found = await asked(town, None)

    assert (found.status, found.changes[0].reason, found.changes[0].basis) == ("closed", None, None)


def stated(details: dict[str, Any], kind: str = "case_status_change", **more: Any) -> list[tuple[str, str]]:
    body = {"id": "A", "source": "x", "kind": kind, "occurred_at": T0, "recorded_at": T0, "subjects": [{"person": {"label": "x"}}]}
    return [(fault.path, fault.code) for fault in status_faults(Alert.model_validate(body | {"details": details} | more))]


@pytest.mark.parametrize("to", ["considering_closure", "considered_for_closing", "proposed_step_down", "Thinking of closing"])
def test_sta_03_what_is_being_considered_is_no_status(to: str) -> None:
    details = {"status": to} if " " in to else {"status_change": {"to": to}}

    assert [code for _, code in stated(details)] == ["not_a_status"]


def test_sta_03_a_status_is_changed_by_no_other_kind() -> None:
    assert stated({"status_change": {"to": "child_in_need"}}, kind="meeting") == [("details.status_change", "not_a_status_change")]


@pytest.mark.parametrize("to", ["closed", "step_down", "early_help_plan"])
def test_sta_04_closing_needs_a_reason_and_a_basis(to: str) -> None:
    missing = [("details.status_change.reason", "missing"), ("details.status_change.basis", "missing")]

    assert stated({"status_change": {"to": to}}) == missing
    assert stated({"status_change": {"to": to, "reason": " ", "basis": "Section 17."}}) == missing[:1]
    assert stated({"status": to}) == missing
    assert stated({"status_change": {"to": to, "reason": "r", "basis": "b"}}) == []
    assert stated({"status_change": {"to": to}}, action="withdrawn", amends="B") == []


def test_a_change_to_a_plan_and_a_status_stated_with_something_else_need_neither() -> None:
    assert stated({"status_change": {"to": "child_in_need"}}) == []
    assert stated({"status": "closed"}, kind="conference_outcome") == []
    assert stated({}) == []
