"""What stands of an alert is what was recorded last: late statements, withdrawals and their undoing, amendments to somebody else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Deed, Notice
from alertbus.policy.load import load_policy
from alertbus.policy.minimise import OVER
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.sameness import tells_the_same
from alertbus.reconcile.bare import says_the_same
from alertbus.reconcile.evidence import _identified
from alertbus.reconcile.oracle import obligations_from_scratch

POLICY = load_policy()
T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
D, A, W, C = Deed.DELIVER, Deed.AMEND, Deed.WITHDRAW, Deed.CORRECT


def day(number: float) -> datetime:
    return T0 + timedelta(days=number)


def stated(at: float, action: str = "raised", *, recorded: float | None = None, who: str = "p-him", **more: Any) -> AcceptedAlert:
    """Counts on the day `at`; recorded then, unless said otherwise."""
    written = day(at if recorded is None else recorded)
    body = {
        "id": "V-1",
        "source": "probation",
        "kind": "violent_person_flag",
        "action": action,
        "occurred_at": written,
        "recorded_at": written,
        "subjects": [{"person": {"label": who}}],
    }
    first = None if action == "raised" else T0
    return AcceptedAlert.of(Alert.model_validate({**body, **more}), day(at), first).with_people(((who,),))


def family(*agencies: Any, who: str = "p-him") -> Case:
    return Case.model_validate(
        {
            "id": "c",
            "version": 1,
            "people": [{"key": "him", "person_ids": [who]}],
            "links": [{"person": "him", "relation": "father"}],
            "involvements": [{"agency": one} if isinstance(one, str) else one for one in agencies or ("school",)],
        }
    )


def read(case: Case, *statements: AcceptedAlert) -> list[Notice]:
    """What the case's agencies read as the statements arrive one by one, and what time alone brings."""
    state, found = CaseState(case=case), []
    arrivals = [AlertReachedCase(case_id="c", via="p-him", alert=statement) for statement in statements]
    for event in (*arrivals, Tick(case_id="c", since=day(-1), at=day(300))):
        before = state
        state, owed = reduce_case(before, event, POLICY)
        found += [told.notice for told in notices_for(owed, before, state, POLICY)]
    return list({notice.id: notice for notice in reversed(found)}.values())[::-1]


def words(text: str) -> dict[str, Any]:
    return {"narrative": [{"text": text}]}


def texts(notices: list[Notice]) -> list[tuple[Deed, datetime]]:
    return [(notice.deed, notice.recorded_at) for notice in notices]


def test_an_older_statement_that_comes_late_changes_nobodys_notice() -> None:
    told = read(
        family(),
        stated(0),
        stated(2, "amended", severity="high"),
        stated(6, "amended", severity="low"),
        stated(7, "amended", recorded=4, severity="critical"),
    )

    assert texts(told) == [(D, day(0)), (A, day(2)), (A, day(6))]


def test_a_raise_that_comes_after_its_amendment_leaves_what_was_recorded_later() -> None:
    told = read(family(), stated(1, "amended", severity="high").model_copy(update={"first_at": None}), stated(2, recorded=0))

    assert texts(told) == [(D, day(1))]


def test_a_withdrawal_recorded_before_what_stands_ends_nothing() -> None:
    told = read(family(), stated(0), stated(4, "amended", severity="high"), stated(5, "withdrawn", recorded=3))

    assert texts(told) == [(D, day(0)), (A, day(4))]


def test_a_raise_recorded_before_its_withdrawal_and_come_after_it_is_told_to_nobody() -> None:
    assert read(family(), stated(1, "withdrawn"), stated(2, recorded=0)) == []


@pytest.mark.parametrize("action", ["amended", "raised"])
def test_what_is_made_active_again_stands_again_and_everybody_is_told(action: str) -> None:
    again = stated(7, action, id="V-1b", amends="V-1")

    told = read(family("school", "gp"), stated(0), stated(5, "withdrawn"), again)

    for agency in ("school", "gp"):
        assert [n.deed for n in told if n.obligation.agency == agency] == [D, W, D]
    assert len({notice.id for notice in told}) == 6


def test_who_joins_when_an_alert_stands_again_reads_nothing_of_what_was_withdrawn() -> None:
    case = family({"agency": "gp", "from": day(9)})

    told = read(case, stated(0), stated(5, "withdrawn"), stated(7, "amended", id="V-1b", amends="V-1"))

    assert texts(told) == [(D, day(7))]


def test_an_alert_amended_to_somebody_else_is_taken_back_here_and_is_new_there() -> None:
    first, other = stated(0), stated(0.02, "amended", who="p-other", **words("It was his brother."))

    here, there = read(family(), first, other), read(family(who="p-other"), other)

    assert texts(here) == [(D, day(0)), (C, day(0.02))]
    assert (here[1].narrative, here[1].ended_at, here[1].summary) == ((), day(0.02), OVER[C])
    assert texts(there) == [(D, day(0.02))]


LEFT = [{"agency": "school", "to": "2026-11-19"}, "gp"]


@pytest.mark.parametrize(
    ("change", "deed", "ended_on"),
    [
        pytest.param({"involvements": LEFT}, Deed.NO_LONGER_YOURS, "2026-11-19", id="the agency left before it"),
        pytest.param({"involvements": ["gp"]}, Deed.NO_LONGER_YOURS, "2026-11-22", id="the agency never was there"),
        pytest.param(
            {"links": [{"person": "him", "relation": "father", "to": "2026-11-18"}]}, Deed.NO_LONGER_YOURS, "2026-11-18", id="link over"
        ),
        pytest.param({"links": []}, C, "2026-11-22", id="nobody it is about is linked"),
        pytest.param({"people": [{"key": "him", "person_ids": ["p-other"]}]}, C, "2026-11-22", id="he is somebody else"),
    ],
)
def test_what_a_change_of_the_case_takes_back_is_not_withdrawn_by_its_sender(change: dict[str, Any], deed: Deed, ended_on: str) -> None:
    known = {"version": 2, "known_at": day(2)}
    before = family("school", "gp").model_dump(mode="json", by_alias=True, exclude_defaults=True)
    spells = [{"agency": one} if isinstance(one, str) else one for one in change.get("involvements", ())]
    changed = Case.model_validate({**before, **change, **known, **({"involvements": spells} if spells else {})})

    _, end = read_with(CaseChanged(case=changed), family("school", "gp"), stated(0, **words("He shouted.")), agency="school")

    assert (end.deed, end.ended_at and end.ended_at.date().isoformat(), end.summary) == (deed, ended_on, OVER[deed])
    assert (end.narrative, end.flag, end.action) == ((), None, "")
    assert "withdrawn" not in end.model_dump_json(exclude={"obligation"})


def read_with(change: CaseChanged, case: Case, statement: AcceptedAlert, agency: str) -> list[Notice]:
    """What an agency reads of a statement, and of the change of the case after it."""
    state, found = CaseState(case=case), []
    for event in (AlertReachedCase(case_id="c", via="p-him", alert=statement), change):
        before = state
        state, owed = reduce_case(before, event, POLICY)
        found += [told.notice for told in notices_for(owed, before, state, POLICY)]
    return [notice for notice in found if notice.obligation.agency == agency]


BORN_SINCE = {
    "people": [
        {"key": "him", "person_ids": ["p-him"], "addresses": [{"postcode": "ZZ99 9ZZ"}]},
        {"key": "baby", "person_ids": ["p-baby"], "name": {"given": "Wrenna"}},
    ],
    "children": ["baby"],
    "status": "child_protection_plan",
}


def joined(case: Case, **more: Any) -> Case:
    return Case.model_validate({**case.model_dump(mode="json", by_alias=True, exclude_defaults=True), **more})


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param({"involvements": [{"agency": "police", "to": "2026-11-25"}]}, id="the agency has left"),
        pytest.param({"links": [{"person": "him", "relation": "father", "to": "2026-11-25"}]}, id="he is linked no longer"),
    ],
)
def test_chr_12_lnk_13_a_correction_reaches_who_had_the_first_and_left_once_and_owing_no_answer(spell: dict[str, Any]) -> None:
    case = joined(family("police"), **BORN_SINCE, **spell)
    fracture, suture = stated(0, kind="ppn", **words("A fracture.")), stated(9, "amended", kind="ppn", **words("An accessory suture."))

    first, corrected = read(case, fracture, suture, stated(9.5, "amended", kind="ppn", **words("An accessory suture.")))

    assert [(n.deed, [e.text for e in n.narrative]) for n in (first, corrected)] == [(D, ["A fracture."]), (A, ["An accessory suture."])]
    assert (corrected.obligation.since, corrected.obligation.due, corrected.obligation.id) == (day(9), None, first.obligation.id)
    assert first.obligation.due is not None
    assert ([p.ref for p in corrected.people], corrected.children, corrected.case_status) == (["him"], (), None)
    assert "ZZ99" not in corrected.model_dump_json()


def test_chr_12_who_left_before_the_first_reads_neither_and_who_left_after_it_reads_the_end_as_well() -> None:
    before, after = {"agency": "school", "to": "2026-11-10"}, {"agency": "police", "to": "2026-11-22"}

    told = read(family(before, after), stated(0), stated(5, "amended", severity="low"), stated(8, "withdrawn"))

    assert [(n.obligation.agency, n.deed) for n in told] == [("police", D), ("police", A), ("police", W)]


def test_lnk_13_an_unknown_man_who_is_named_later_is_an_amendment_to_everybody_who_had_the_first() -> None:
    case = joined(family({"agency": "police", "to": "2026-11-22"}, "gp"), **BORN_SINCE)
    child = {"children": [{"role": "child", "person": {"label": "p-baby"}}]}
    case = joined(case, links=[{"person": "him", "relation": "ex-partner"}, {"person": "baby", "relation": "child"}])
    kicked = stated(0, who="a man not known", kind="ppn", **child).with_people((("p-nobody",), ("p-baby",)))
    named = stated(9, "amended", kind="ppn", **child).with_people((("p-him",), ("p-baby",)))

    told = read(case, kicked, named)

    assert {(n.obligation.agency, n.deed) for n in told} == {("police", D), ("gp", D), ("police", A), ("gp", A)}
    assert len({n.obligation.id for n in told}) == 2
    assert {n.obligation.agency: [p.ref for p in n.people] for n in told if n.deed is A} == {
        "police": ["him"],
        "gp": [ids.person_ref("c", "him")],
    }


def test_chr_12_history_corrects_nobody() -> None:
    told = read(family({"agency": "police", "to": "2026-11-22"}), stated(0), stated(5, "amended", severity="low", history=True))

    assert [n.deed for n in told] == [D]


@pytest.mark.parametrize(
    ("kind", "id_", "stays"), [("prisoner_recall", "R-2", True), ("prisoner_release", "R-1", False), ("ppn", "P-1", False)]
)
def test_the_end_of_a_recall_says_that_a_release_of_the_same_person_stands(kind: str, id_: str, stays: bool) -> None:
    release = stated(0, kind="prisoner_release", id="R-1")
    other = [] if id_ == "R-1" else [stated(1, kind=kind, id=id_)]

    told = read(family("school", "gp"), release, *other, stated(2, "withdrawn", kind=kind, id=id_))

    ends = [notice for notice in told if notice.deed is W]
    assert len(ends) == 2
    assert {notice.another_stands for notice in ends} == {stays}
    assert not any(notice.another_stands for notice in told if notice.deed is not W)


def test_a_release_of_somebody_else_or_untold_to_the_agency_keeps_nothing_up() -> None:
    case = joined(family("school", {"agency": "gp", "from": "2026-11-21"}), people=[{"key": "him", "person_ids": ["p-him", "p-alias"]}])
    other = stated(0, kind="prisoner_release", id="R-1", who="p-alias")

    told = read(case, other, stated(3, kind="prisoner_release", id="R-2"), stated(4, "withdrawn", kind="prisoner_release", id="R-2"))

    assert not any(notice.another_stands for notice in told)


def test_who_may_not_hear_of_what_it_was_amended_to_hears_that_it_stands_for_others_now() -> None:
    told = read(family("childrens_social_care", "school"), stated(0), stated(2, "amended", kind="prisoner_contact_change"))

    assert [n.deed for n in told if n.obligation.agency == "school"] == [D, Deed.NO_LONGER_YOURS]
    assert W not in {n.deed for n in told}


def test_who_joins_the_first_family_after_that_is_told_nothing() -> None:
    case = family({"agency": "gp", "from": day(3)})

    assert read(case, stated(0), stated(1, "amended", who="p-other")) == []


def test_an_amendment_that_changes_nothing_keeps_what_was_read_and_answered() -> None:
    told = read(family(), stated(0), stated(3, "amended"), stated(4, "amended", severity="high"))

    assert texts(told) == [(D, day(0)), (A, day(4))]


def test_the_end_is_told_from_the_withdrawal_and_not_from_the_beginning() -> None:
    _, end = read(
        family(), stated(0, **words("He threatened a visitor.")), stated(19, "withdrawn", **words("Entered against the wrong man"))
    )

    assert (end.deed, end.occurred_at, end.recorded_at, end.ended_at) == (W, day(19), day(19), day(19))
    assert [piece.text for piece in end.narrative] in ([], ["Entered against the wrong man"])
    assert (end.flag, end.action) == (None, "")


def test_a_withdrawals_reason_reaches_who_may_read_what_was_said() -> None:
    raised = stated(0, kind="ppn", **words("Seen shouting."))
    withdrawn = stated(19, "withdrawn", kind="ppn", **words("Entered against the wrong man"))

    told = [notice for notice in read(family("childrens_social_care"), raised, withdrawn) if notice.deed is W]

    assert {piece.text for notice in told for piece in notice.narrative} == {"Entered against the wrong man"}


CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, True),
    "severity": ({"severity": "high"}, False),
    "words": (words("He has moved."), False),
    "review date": ({"review_on": day(30).date()}, False),
    "what no notice shows": ({"lawful_basis": "public task", "family_informed": True}, True),
    "a section that nobody may see": ({"details": {"hmpps": {"x": 1}}}, True),
    "a section that is shown": ({"details": {"flag": {"grade": "threat"}}}, False),
    "an anonymous referrer": ({"referrer": {"anonymous": True}}, False),
    "when it happened, from a source that has one time": ({"occurred_at": day(3)}, True),
    "when it happened, from one that has two": ({"occurred_at": day(-9)}, True),
}


@pytest.mark.parametrize(("changed", "same"), CHANGES.values(), ids=CHANGES)
def test_what_counts_as_a_change(changed: dict[str, Any], same: bool) -> None:
    one, later = stated(0), stated(3, "amended", **changed)

    assert tells_the_same(one, later) is same
    assert says_the_same(_identified(one).statement, _identified(later).statement) is same


def test_when_it_happened_is_a_change_where_both_times_are_given_twice() -> None:
    one, later = stated(0, occurred_at=day(-2)), stated(3, "amended", occurred_at=day(-9))

    assert not tells_the_same(one, later)
    assert not says_the_same(_identified(one).statement, _identified(later).statement)


def test_the_join_from_scratch_says_what_each_agency_reads() -> None:
    statements = [
        stated(0),
        stated(5, "withdrawn"),
        stated(7, "amended", id="V-1b", amends="V-1"),
        stated(8, "withdrawn", id="V-1c", recorded=6),
    ]

    (due,) = obligations_from_scratch(statements[::-1], {"c": family()}, POLICY, day(99)).values()

    assert due.read == ((day(0), statements[0].statement_id), (day(5), None), (day(7), statements[2].statement_id))
    assert (due.stands(), due.by(day(6)).stands()) == (True, False)
