"""What `alertbus explain` says of an alert: what stands, who was told, who was told that it ended; as `status` says it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.chronicle.answers import ObligationStatus
from alertbus.chronicle.tables import ObligationState
from alertbus.cli.explain import COLUMNS
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.operations.explaining import Explanation, explained
from alertbus.policy.load import load_policy

POLICY = load_policy()
T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)


def day(number: float) -> datetime:
    return T0 + timedelta(days=number)


def stated(at: float, action: str = "raised", *, recorded: float | None = None, who: str = "p-a", name: str = "V-1") -> AcceptedAlert:
    written = day(at if recorded is None else recorded)
    body = {
        "id": name,
        "amends": None if name == "V-1" else "V-1",
        "source": "probation",
        "kind": "violent_person_flag",
        "action": action,
        "occurred_at": written,
        "recorded_at": written,
        "subjects": [{"person": {"label": who}}],
    }
    return AcceptedAlert.of(Alert.model_validate(body), day(at)).with_people(((who,),))


def family(name: str, who: str = "p-a", *agencies: str) -> Case:
    return Case.model_validate(
        {
            "id": name,
            "version": 1,
            "people": [{"key": "him", "person_ids": [who]}],
            "links": [{"person": "him", "relation": "father"}],
            "involvements": [{"agency": agency} for agency in agencies or ("school", "probation")],
        }
    )


def held(case_id: str, agency: str, state: ObligationState, since: datetime = T0) -> ObligationStatus:
    nothing: dict[str, Any] = dict.fromkeys(("due", "acknowledged_by", "acknowledged_at", "acknowledged_intent"))
    return ObligationStatus(
        id=f"{case_id}-{agency}",
        alert_id="alert",
        case_id=case_id,
        agency=agency,
        role="role",
        cause="alert",
        state=state,
        overdue=False,
        since=since,
        because="",
        do_not_reveal_source=False,
        receipts=(),
        **nothing,
    )


def short(found: Explanation) -> dict[tuple[str, str], tuple[str, str | None, str]]:
    return {(line["case"], line["agency"]): (line["told"], line["ended"], line["ruling"]) for line in found.lines}


def test_an_alert_that_stands_is_told_or_not_with_the_rule() -> None:
    found = explained([stated(0)], [family("a")], [held("a", "school", ObligationState.SENT)], POLICY)

    assert short(found) == {("a", "school"): ("yes", None, "works_with_children"), ("a", "probation"): ("no", None, "is_the_source")}
    assert found.stands.startswith("violent_person_flag, raised, recorded 2026-11-20")
    assert {*COLUMNS, "rule"} == {*found.lines[0]}


def test_an_alert_withdrawn_before_it_was_raised_was_told_to_nobody() -> None:
    found = explained([stated(0, "withdrawn", recorded=7, name="V-1a"), stated(1, recorded=6)], [family("a", "p-a", "school")], [], POLICY)

    assert short(found) == {("a", "school"): ("no", None, "withdrawn")}
    assert found.stands.startswith("nothing: the alert was withdrawn")
    assert "1 that came late" in found.stands


def test_of_a_withdrawn_alert_it_says_who_was_told_that_it_ended_and_when() -> None:
    raised, withdrawn, again = stated(0), stated(5, "withdrawn", name="V-1a"), stated(7, "amended", name="V-1b")
    case = family("a", "p-a", "school")

    ended = explained([raised, withdrawn], [case], [held("a", "school", ObligationState.WITHDRAWN)], POLICY)
    active = explained([raised, withdrawn, again], [case], [held("a", "school", ObligationState.SENT, day(7))], POLICY)

    assert short(ended) == {("a", "school"): ("yes", "2026-11-25", "works_with_children")}
    assert short(active) == {("a", "school"): ("yes", None, "works_with_children")}
    assert [line["since"] for line in active.lines] == ["2026-11-27"]


def test_of_an_alert_amended_to_somebody_else_it_names_both_families() -> None:
    said = [stated(0), stated(1, "amended", who="p-b", name="V-1a")]
    cases = [family("a", "p-a", "school"), family("b", "p-b", "gp")]

    found = explained(said, cases, [held("a", "school", ObligationState.WITHDRAWN), held("b", "gp", ObligationState.SENT)], POLICY)

    assert short(found) == {
        ("a", "school"): ("yes", "2026-11-21", "works_with_children"),
        ("b", "gp"): ("yes", None, "works_with_children"),
    }


def test_who_was_told_by_an_earlier_version_of_a_case_is_not_left_out() -> None:
    recorded = [held("a", "school", ObligationState.SENT), held("a", "gp", ObligationState.WITHDRAWN)]

    found = explained([stated(0)], [family("a", "p-a", "school")], recorded, POLICY)

    assert short(found)["a", "gp"] == ("yes", "yes", "case_changed")
