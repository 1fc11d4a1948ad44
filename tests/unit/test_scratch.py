"""The from-scratch join against the review's own timeline, and the rules of DESIGN sections 3 and 12 one by one."""

import ast
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import alertbus.reconcile.full
import alertbus.reconcile.oracle
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import UK, Case
from alertbus.policy.load import load_policy
from alertbus.reconcile.oracle import Due, obligations_from_scratch

SCENARIO = Path(alertbus.reconcile.oracle.__file__).parents[1] / "scenarios" / "child-bi"
POLICY = load_policy()
T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
END = T0 + timedelta(days=3650)


def day(number: int) -> datetime:
    return T0 + timedelta(days=number)


def scenario() -> tuple[Case, dict[str, AcceptedAlert], list[dict[str, Any]]]:
    """Child Bi's case and alerts, read without any of our own loaders."""
    people = json.loads((SCENARIO / "people.json").read_text())
    events = [json.loads(line) for line in (SCENARIO / "events.jsonl").read_text().splitlines()]
    children = [p["key"] for p in people["people"] if p["role"].startswith("child")]
    spell = ("agency", "level", "worker", "role", "scope", "adult", "from", "to")
    routing = people["_meta"]["routing"]
    words = ("adult_linked_kinds", "plan_partner_kinds", "mash_kinds", "recently_ended_kinds", "recently_ended_days")
    case = Case.model_validate(
        {
            "id": "child-bi",
            "version": 1,
            "exercise": "child-bi",
            "people": [{"key": p["key"], "label": p["label"], "person_ids": [p["key"]]} for p in people["people"]],
            "children": children,
            "links": [{"person": p["key"], "relation": "child" if p["key"] in children else p["role"]} for p in people["people"]],
            "involvements": [{k: i.get(k) for k in spell if k in i} for i in people["involvements"]],
            "routing": {word: routing[word] for word in words},
        }
    )
    alerts = {}
    for event in events:
        moment = datetime.combine(date.fromisoformat(event["date"]), datetime.min.time(), UK) + timedelta(hours=12)
        alert = Alert.model_validate(
            {
                "id": event["id"],
                "source": event["source_agency"],
                "kind": event["kind"],
                "occurred_at": moment,
                "recorded_at": moment,
                "subjects": [{"person": {"key": key}} for key in event["subjects"]],
                "children": [{"role": "child", "person": {"key": key}} for key in event["children"]],
                "details": {"conference_invite": "[conference-invite]" in event["notes"]},
                "history": "[history]" in event["notes"],
                "exercise": "child-bi",
            }
        )
        found = tuple((key,) for key in [*event["subjects"], *event["children"]])
        alerts[event["id"]] = AcceptedAlert.of(alert, moment).with_people(found)
    return case, alerts, events


def test_every_pair_the_review_expects_comes_out_and_no_other() -> None:
    case, alerts, events = scenario()
    name = {alert.alert_id: event for event, alert in alerts.items()}
    alerting = [event for event in events if "[history]" not in event["notes"]]
    expected = {(event["id"], agency) for event in alerting for agency in event["should_have_reached"]}

    owed = obligations_from_scratch(list(alerts.values()), {case.id: case}, POLICY, datetime(2022, 1, 1, tzinfo=UTC))

    at_once = {(name[d.alert_id], d.agency) for d in owed.values() if d.since == alerts[name[d.alert_id]].at}
    assert len(expected) == 302
    assert at_once == expected


def test_history_reaches_only_who_joined_later() -> None:
    case, alerts, events = scenario()
    history = [alerts[e["id"]] for e in events if "[history]" in e["notes"]]

    owed = obligations_from_scratch(history, {case.id: case}, POLICY, datetime(2022, 1, 1, tzinfo=UTC))

    at = {alert.alert_id: alert.at for alert in history}
    assert all(due.since > at[due.alert_id] for due in owed.values())


def test_neither_the_oracle_nor_the_reconciler_imports_what_it_judges() -> None:
    for module in (alertbus.reconcile.oracle, alertbus.reconcile.full):
        assert module.__file__
        names = [
            alias.name if isinstance(node, ast.Import) else node.module or ""
            for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]
        assert not [name for name in names if name.startswith("alertbus.reach")]


def an_alert(at: datetime = T0, *, people: tuple[tuple[str, ...], ...] = (("p-adult",),), **stated: Any) -> AcceptedAlert:
    body = {
        "id": "A-1",
        "source": "police.north",
        "kind": "violent_person_flag",
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"label": "Somebody"}}],
        **stated,
    }
    return AcceptedAlert.of(Alert.model_validate(body), at).with_people(people)


def a_case(*involvements: Mapping[str, Any], **stated: Any) -> Case:
    body = {
        "id": "case-1",
        "version": 1,
        "people": [{"key": "kid", "person_ids": ["p-kid"]}, {"key": "adult", "person_ids": ["p-adult"]}],
        "children": ["kid"],
        "links": [{"person": "kid", "relation": "child"}, {"person": "adult", "relation": "ex_partner"}],
        "involvements": list(involvements),
        **stated,
    }
    return Case.model_validate(body)


def told(case: Case, *alerts: AcceptedAlert, until: datetime = END) -> dict[str, datetime]:
    owed = obligations_from_scratch(alerts, {case.id: case}, POLICY, until)
    return {due.agency: due.since for due in owed.values()}


HEALTH_VISITING = {"agency": "health_visiting"}


def test_obligation_has_the_id_that_the_bus_gives_it() -> None:
    alert = an_alert()

    owed = obligations_from_scratch([alert], {"case-1": a_case(HEALTH_VISITING)}, POLICY, END)

    key = ids.obligation_id(alert.alert_id, "case-1", "health_visiting", "health_visitor")
    read = ((T0, alert.statement_id),)
    assert owed == {key: Due(alert.alert_id, "case-1", "health_visiting", "health_visitor", T0, read)}


def test_agency_that_said_it_is_not_told() -> None:
    assert told(a_case({"agency": "police"}, HEALTH_VISITING), an_alert(source="police")) == {"health_visiting": T0}


def test_lnk_04_other_units_of_the_agency_that_said_it_are_told() -> None:
    assert told(a_case({"agency": "police"}, HEALTH_VISITING), an_alert(source="police.force")) == {"health_visiting": T0, "police": T0}


def test_every_role_that_owes_an_answer_of_its_own_has_an_obligation() -> None:
    case = a_case({"agency": "childrens_social_care"})

    owed = obligations_from_scratch([an_alert(kind="ppn")], {case.id: case}, POLICY, END)

    assert {due.role for due in owed.values()} == {"social_worker", "team_manager"}


def test_bare_dates_are_whole_days_in_the_united_kingdom_and_count() -> None:
    case = a_case({"agency": "gp", "from": "2026-07-01", "to": "2026-07-01"})
    first = datetime(2026, 6, 30, 23, 0, tzinfo=UTC)  # midnight in summer time
    alert = an_alert(kind="other")

    def reached(moment: datetime) -> bool:
        return bool(told(case, alert.model_copy(update={"at": moment})))

    assert not reached(first - timedelta(seconds=1))
    assert reached(first)
    assert reached(first + timedelta(hours=23, minutes=59))
    assert not reached(first + timedelta(hours=24))


def test_flag_that_stands_reaches_the_newcomer_when_he_begins() -> None:
    assert told(a_case({"agency": "gp", "from": day(100)}), an_alert()) == {"gp": day(100)}


def test_nobody_is_told_of_a_newcomer_before_the_bus_knows_him() -> None:
    case = a_case({"agency": "gp", "from": day(5), "known_at": day(9)})

    assert told(case, an_alert()) == {"gp": day(9)}
    assert told(case, an_alert(kind="other")) == {}


def test_what_is_not_yet_owed_is_left_out() -> None:
    case = a_case({"agency": "gp", "from": day(100)})

    assert told(case, an_alert(), until=day(99)) == {}
    assert told(case, an_alert(), until=day(100)) == {"gp": day(100)}


@pytest.mark.parametrize(
    ("stated", "joins", "reached"),
    [
        pytest.param({"kind": "violent_person_flag"}, 3000, True, id="until withdrawn: years later"),
        pytest.param({"kind": "school_concern"}, 28, True, id="28 days: on the last day"),
        pytest.param({"kind": "school_concern"}, 29, False, id="28 days: a day too late"),
        pytest.param({"kind": "other"}, 1, False, id="does not stand at all"),
        pytest.param({"kind": "other", "review_on": day(50).date()}, 1, False, id="a review date makes nothing stand"),
        pytest.param({"kind": "school_concern", "review_on": day(50).date()}, 50, True, id="the review date is longer"),
        pytest.param({"kind": "school_concern", "review_on": day(5).date()}, 6, False, id="or shorter"),
        pytest.param({"kind": "violent_person_flag", "review_on": day(5).date()}, 3000, True, id="not_23: of a flag it ends nothing"),
    ],
)
def test_how_long_an_alert_meets_newcomers(stated: dict[str, Any], joins: int, reached: bool) -> None:
    assert bool(told(a_case({"agency": "gp", "from": day(joins)}), an_alert(**stated))) is reached


def test_alert_waits_for_a_case_that_names_its_person() -> None:
    def linked(number: int) -> Case:
        return a_case(
            HEALTH_VISITING,
            {"agency": "gp", "from": day(number + 1)},
            links=[{"person": "adult", "relation": "new partner", "from": day(number)}],
        )

    alert = an_alert(kind="other")  # stands not at all, waits 28 days

    assert told(linked(28), alert) == {"health_visiting": day(28)}
    assert told(linked(29), alert) == {}


def test_link_that_ended_carries_nothing_more() -> None:
    case = a_case(
        HEALTH_VISITING,
        {"agency": "gp", "from": day(20)},
        links=[{"person": "adult", "relation": "ex_partner", "to": day(10)}],
    )

    assert told(case, an_alert()) == {"health_visiting": T0}
    assert told(case, an_alert(day(11))) == {}


def test_withdrawn_alert_reaches_nobody_after_the_withdrawal() -> None:
    case = a_case(HEALTH_VISITING, {"agency": "gp", "from": day(7)}, {"agency": "school", "from": day(9)})
    withdrawal = an_alert(day(8), action="withdrawn")

    assert told(case, an_alert(), withdrawal) == {"health_visiting": T0, "gp": day(7)}
    assert told(case, withdrawal, an_alert()) == {"health_visiting": T0, "gp": day(7)}


def test_who_was_told_while_an_alert_waited_stays_told_when_it_is_withdrawn() -> None:
    met = a_case(HEALTH_VISITING, links=[{"person": "adult", "relation": "new partner", "from": day(5)}])
    alert = an_alert(kind="other")  # stands not at all, waits 28 days

    assert told(met, alert, an_alert(day(8), kind="other", action="withdrawn")) == {"health_visiting": day(5)}
    assert told(met, alert, an_alert(day(4), kind="other", action="withdrawn")) == {}


def test_agency_for_an_adult_is_told_only_when_he_is_a_subject_and_the_kind_is_for_them() -> None:
    case = a_case({"agency": "probation", "scope": "adult_linked", "adult": "adult"})
    child_only = {"subjects": [], "children": [{"person": {"label": "Kid"}}]}
    named_as_child = an_alert(**child_only)

    assert told(case, an_alert()) == {"probation": T0}
    assert told(case, named_as_child) == {}
    assert told(case, an_alert(kind="school_concern")) == {}
    assert told(case, an_alert(people=(("p-kid",),))) == {}


def test_agency_for_whoever_must_not_learn_is_not_told() -> None:
    case = a_case(
        {"agency": "probation", "scope": "adult_linked", "adult": "adult"},
        restrictions=[{"must_not_learn": "adult", "kinds": ["violent_person_flag"]}],
    )

    assert told(case, an_alert()) == {}
    assert told(case, an_alert(kind="prisoner_release")) == {"probation": T0}


def test_conference_reaches_agencies_that_ended_lately() -> None:
    case = a_case({"agency": "midwifery", "from": day(-60).date(), "to": day(-42).date()})

    assert told(case, an_alert(kind="conference_outcome")) == {"midwifery": T0}
    assert told(case, an_alert(day(1), kind="conference_outcome")) == {}
    assert told(case, an_alert(kind="meeting")) == {}
    assert told(case, an_alert(kind="meeting", details={"conference_invite": True})) == {"midwifery": T0}


def test_front_door_is_told_of_its_kinds_without_an_involvement() -> None:
    assert told(a_case(), an_alert(kind="nspcc_concern", source="nspcc")) == {"mash": T0}
    assert told(a_case(), an_alert(kind="nspcc_concern", source="mash")) == {}
    assert told(a_case(), an_alert(kind="nspcc_concern", source="nspcc", people=(("p-stranger",),))) == {}


def test_unknown_kind_is_told_to_the_case_holder_only() -> None:
    case = a_case(HEALTH_VISITING, {"agency": "childrens_social_care"})

    assert told(case, an_alert(kind="never_heard_of")) == {"childrens_social_care": T0}


def test_exercise_and_reality_never_meet() -> None:
    drill = a_case(HEALTH_VISITING, exercise="drill")

    assert told(drill, an_alert()) == {}
    assert told(a_case(HEALTH_VISITING), an_alert(exercise="drill")) == {}
    assert told(drill, an_alert(exercise="other-drill")) == {}
    assert told(drill, an_alert(exercise="drill")) == {"health_visiting": T0}


def test_order_and_repeats_change_nothing() -> None:
    case, alerts, _ = scenario()
    once = list(alerts.values())
    until = datetime(2022, 1, 1, tzinfo=UTC)

    assert obligations_from_scratch(once, {case.id: case}, POLICY, until) == obligations_from_scratch(
        [*reversed(once), *once[10:30]], {case.id: case}, POLICY, until
    )
