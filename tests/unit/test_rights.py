"""What each right of a caller allows, and that nothing else does (DESIGN section 17)."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.caller_settings import CallerSettings
from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.answers import AlertStatus, ObligationStatus, StatementStatus
from alertbus.intake.callers import Caller, Callers
from alertbus.model.alert import Action, Alert
from alertbus.model.errors import InvalidInput, NotAllowed, NotFound, WhoAreYou
from alertbus.model.rights import Right
from alertbus.policy.load import load_policy

POLICY = load_policy()
AT = datetime(2026, 11, 29, tzinfo=UTC)


def caller(agency: str, **changed: Any) -> Caller:
    settings = CallerSettings(name="a-system", agency=agency, token_sha256=hashlib.sha256(b"t").hexdigest(), **changed)
    return Callers([settings], POLICY).identify("Bearer t", None)


def alert(source: str, kind: str, **changed: Any) -> Alert:
    body = {"id": "1", "source": source, "kind": kind, "occurred_at": AT, "recorded_at": AT, "subjects": [{"person": {}}]}
    return Alert.model_validate(body | changed)


@pytest.mark.parametrize(
    ("agency", "changed", "rights"),
    [
        ("police", {}, {Right.STATE, Right.RECEIVE, Right.STAFF}),
        ("childrens_social_care", {}, {Right.STATE, Right.RECEIVE, Right.HOLD_CASES, Right.STAFF}),
        ("childrens_social_care_north", {}, {Right.STATE, Right.RECEIVE, Right.HOLD_CASES, Right.STAFF}),
        ("bus", {"operations": True}, {Right.OPERATE, Right.INTEGRATE, Right.AUDIT}),
        ("childrens_social_care", {"rights": [Right.RECEIVE]}, {Right.RECEIVE}),
        ("police", {"rights": []}, set()),
    ],
)
def test_a_caller_has_the_rights_it_was_given_or_those_of_an_agencys_system(agency: str, changed: Any, rights: set[Right]) -> None:
    assert caller(agency, **changed).rights == rights


def test_without_callers_whoever_reaches_this_machine_has_every_right() -> None:
    anybody = Callers([], POLICY).identify("", None)

    assert anybody.rights == set(Right)
    anybody.must_state(alert("school.1", "prisoner_release", subjects=[{"person": {"key": "m"}}], history=True), POLICY)


@pytest.mark.parametrize("right", Right)
def test_a_right_that_is_missing_is_named_in_the_refusal(right: Right) -> None:
    caller("police", rights=[right]).must(right)
    with pytest.raises(NotAllowed, match=f"`{right}` is missing.*ALERTBUS_CALLERS"):
        caller("police", rights=set(Right) - {right}).must(right)


@pytest.mark.parametrize("kind", ["prisoner_release", "death", "violent_person_flag", "ppn", "nspcc_concern"])
def test_a_school_states_no_release_no_death_and_no_flag(kind: str) -> None:
    with pytest.raises(NotAllowed, match="may_state"):
        caller("school").must_state(alert("school.142223", kind), POLICY)


@pytest.mark.parametrize(
    ("agency", "kind"),
    [
        ("prison", "prisoner_release"),
        ("police", "ppn"),
        ("ambulance", "death"),
        ("housing", "violent_person_flag"),
        ("school", "threat_to_staff"),
        ("school", "concealed_pregnancy_concern"),
        ("allotments", "other"),
        ("police", "a_kind_that_nobody_knows"),
    ],
)
def test_whoever_learns_of_it_at_work_may_state_it(agency: str, kind: str) -> None:
    caller(agency).must_state(alert(agency, kind), POLICY)


def test_pri_04_any_agency_may_state_a_release_that_is_said_to_be_unconfirmed() -> None:
    school = caller("school")
    school.must_state(alert("school", "prisoner_release", details={"release": {"confirmed": False}}), POLICY)
    with pytest.raises(NotAllowed, match=r"details\.release\.confirmed: false"):
        school.must_state(alert("school", "prisoner_release", details={"release": {"confirmed": True}}), POLICY)


@pytest.mark.parametrize("action", Action)
def test_one_system_of_an_agency_states_amends_and_withdraws_nothing_of_anothers(action: Action) -> None:
    said = {"action": action} | ({"amends": "0"} if action is not Action.RAISED else {})
    force = caller("police", sources=["police.northants"])

    force.must_state(alert("police.northants", "ppn", **said), POLICY)
    force.must_state(alert("police.northants.niche", "ppn", **said), POLICY)
    for other in ("police.other", "police", "police.northantsx", "school"):
        with pytest.raises(NotAllowed, match="source: the right `state`"):
            force.must_state(alert(other, "ppn", **said), POLICY)


def test_a_caller_that_states_some_kinds_states_no_others() -> None:
    narrow = caller("police", kinds=["ppn"])
    narrow.must_state(alert("police.x", "ppn"), POLICY)
    with pytest.raises(NotAllowed, match="other kinds"):
        narrow.must_state(alert("police.x", "missing_child_incident"), POLICY)


def test_who_may_not_state_states_nothing_not_even_as_its_agency() -> None:
    with pytest.raises(NotAllowed, match="`state` is missing"):
        caller("police", rights=["receive"]).must_state(alert("police", "ppn"), POLICY)


@pytest.mark.parametrize("agency", ["police", "mash"])
def test_only_who_holds_cases_may_ask_by_a_key_or_state_history(agency: str) -> None:
    keyed = alert(agency, "other", subjects=[{"person": {"key": "m"}}], children=[{"role": "child", "person": {"key": "c"}}])
    with pytest.raises(InvalidInput) as refused:
        caller(agency).must_state(keyed, POLICY)
    with pytest.raises(NotAllowed, match="history"):
        caller(agency).must_not_hide(alert(agency, "other", history=True))

    assert [fault.path for fault in refused.value.faults] == ["subjects[0].person.key", "children[0].person.key"]
    holder = caller("childrens_social_care")
    holder.must_state(keyed.model_copy(update={"source": "childrens_social_care"}), POLICY)
    holder.must_not_hide(alert("childrens_social_care", "other", history=True))


def test_who_holds_the_cases_of_an_area_holds_no_others() -> None:
    north = caller("childrens_social_care", areas=["north-"])

    assert (north.holds_case("north-1"), north.holds_case("south-1"), north.holds_every_case) == (True, False, False)


@pytest.mark.parametrize("rights", [["operate"], ["integrate"], ["audit"], ["state"], []])
def test_who_neither_receives_nor_holds_cases_sees_no_case_and_answers_for_nobody(rights: list[str]) -> None:
    other = caller("childrens_social_care", rights=rights)

    assert not other.holds_case("c1")
    assert not other.acts_for("childrens_social_care")
    assert not other.sight.of_case("c1")
    assert not other.sight.of_agency("childrens_social_care")


def test_a_caller_acts_for_its_own_agency_alone() -> None:
    settings = [CallerSettings(name="p-1", agency="police", token_sha256=hashlib.sha256(b"t").hexdigest())]
    with pytest.raises(NotFound):
        Callers(settings, POLICY).identify("Bearer t", "school")
    with pytest.raises(WhoAreYou):
        Callers(settings, POLICY).identify("Bearer u", None)


# --- what a sender learns ----------------------------------------------------------------------------------------------


def status(source: str, *owed: tuple[str, str], review: tuple[str, ...] = (), cases: tuple[str, ...] = ()) -> AlertStatus:
    said = StatementStatus(statement_id="s", action=Action.RAISED, occurred_at=AT, recorded_at=AT, accepted_at=AT)
    obligations = tuple(
        ObligationStatus.model_validate(
            {"id": f"o{n}", "alert_id": "a", "case_id": case_id, "agency": agency, "role": "r", "cause": "alert", "state": "owed"}
            | {"overdue": False, "since": AT, "due": None, "acknowledged_by": None, "acknowledged_at": None}
            | {"acknowledged_intent": None, "because": "Mother", "do_not_reveal_source": False, "receipts": ()}
        )
        for n, (agency, case_id) in enumerate(owed)
    )
    return AlertStatus(
        alert_id="a",
        source=source,
        source_id="1",
        kind="other",
        severity="low",
        history=False,
        exercise=None,
        statements=(said,),
        cases=tuple({*cases, *(case_id for _, case_id in owed)}),
        obligations=obligations,
        review=review,
    )


AGENCIES = st.sampled_from(["police", "school", "health_visiting", "childrens_social_care", "mash"])
REASONS = st.sets(st.sampled_from(["nobody_linked", "unsure_match", "key_unknown", "unknown_kind"])).map(tuple)


@given(
    sender=AGENCIES,
    rights=st.sets(st.sampled_from([right for right in Right if right is not Right.HOLD_CASES])),
    told=st.lists(st.tuples(AGENCIES, st.sampled_from(["c1", "c2"])), unique=True),
    reasons=st.tuples(REASONS, REASONS),
    cases=st.sets(st.sampled_from(["c1", "c2", "c3"])).map(tuple),
)
def test_a_sender_never_learns_whether_anybody_is_known(
    sender: str, rights: set[Right], told: list[tuple[str, str]], reasons: tuple[tuple[str, ...], ...], cases: tuple[str, ...]
) -> None:
    sight = caller(sender, rights=rights).sight
    others = [(agency, case_id) for agency, case_id in told if agency != sender]

    known = sight.through(status(sender, *others, review=reasons[0], cases=cases))
    unknown = sight.through(status(sender, review=reasons[1]))

    assert known == unknown


@given(sight=st.builds(AlertSight, agencies=st.just(frozenset({"police"})), sources=st.just(("police.a",)), areas=st.just(("north-",))))
def test_an_alert_is_seen_by_who_stated_it_who_was_told_and_who_holds_a_case_it_came_to(sight: AlertSight) -> None:
    assert sight.of_alert("police.a.b", (), ())
    assert sight.of_alert("school", ("police",), ("south-1",))
    assert sight.of_alert("school", (), ("north-1",))
    assert not sight.of_alert("police.b", ("school",), ("south-1",))


# --- as an operator sets them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"operations": True, "rights": ["operate"]}, "leave operations out"),
        ({"rights": ["receive"], "kinds": ["ppn"]}, "kinds narrows the right state"),
        ({"operations": True, "sources": ["police"]}, "sources narrows the right state"),
        ({"rights": ["state"], "areas": ["north-"]}, "areas narrows the right hold_cases"),
        ({"sources": [" "]}, "no empty text"),
    ],
)
def test_rights_that_contradict_each_other_stop_start_up_with_the_remedy(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        caller("police", **changed)


def test_each_of_many_callers_is_found_by_its_own_token_and_worked_out_once() -> None:
    tokens = [f"token-{number}" for number in range(300)]
    configured = [
        CallerSettings(name=f"system-{number}", agency="police", token_sha256=hashlib.sha256(token.encode()).hexdigest())
        for number, token in enumerate(tokens)
    ]
    callers = Callers(configured, POLICY)

    found = [callers.identify(f"Bearer {token}", None) for token in tokens]

    assert [one.name for one in found] == [one.name for one in configured]
    assert all(callers.identify(f"Bearer {token}", "police") is one for token, one in zip(tokens, found, strict=True))
    with pytest.raises(WhoAreYou):
        callers.identify("Bearer token-300", None)
