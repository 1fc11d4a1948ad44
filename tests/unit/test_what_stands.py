"""What stands of an alert is what was recorded last: late statements, withdrawals and their undoing, amendments to somebody else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, Tick
from alertbus.model.notice import Deed, Notice
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.sameness import tells_the_same
from alertbus.reconcile.bare import bare_statement, says_the_same
from alertbus.reconcile.oracle import obligations_from_scratch

POLICY = load_policy()
T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
D, A, W = Deed.DELIVER, Deed.AMEND, Deed.WITHDRAW


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

    assert texts(here) == [(D, day(0)), (W, day(0.02))]
    assert here[1].narrative == ()
    assert texts(there) == [(D, day(0.02))]


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

    assert (end.deed, end.occurred_at, end.recorded_at) == (W, day(19), day(19))
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
    assert says_the_same(bare_statement(one), bare_statement(later)) is same


def test_when_it_happened_is_a_change_where_both_times_are_given_twice() -> None:
    one, later = stated(0, occurred_at=day(-2)), stated(3, "amended", occurred_at=day(-9))

    assert not tells_the_same(one, later)
    assert not says_the_same(bare_statement(one), bare_statement(later))


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
