"""The judge finds each kind of loss and doubling, and excuses only what is known and visible."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.model import ids
from alertbus.model.alert import Severity
from alertbus.model.notice import Deed, Notice, Obligation
from tests.chaos.judge import Row, Seen, judge
from tests.chaos.receivers import Attempt, Manner

AT = datetime(2026, 11, 24, tzinfo=UTC)
SAID = ("said-1", "said-2")


def notice(statement: str = "said-1", *, agency: str = "school", deed: Deed = Deed.DELIVER, by: str = "") -> Notice:
    owed = ids.obligation_id("alert", "case", agency, "lead")
    return Notice(
        id=ids.notice_id(owed, statement, withdrawn_by=by),
        deed=deed,
        obligation=Obligation(
            id=owed,
            alert_id="alert",
            case_id="case",
            agency=agency,
            role="lead",
            kind="other",
            severity=Severity.LOW,
            source="police.x",
            source_id="1",
            since=AT,
        ),
        sector="education",
        title="",
        because="",
        occurred_at=AT,
        recorded_at=AT,
        lawful_basis="",
        policy_version="",
        rule="",
    )


ONE = notice()


def attempt(of: Notice = ONE, began: float = 1.0, **other: Any) -> Attempt:
    usual: dict[str, Any] = {"manner": Manner.HONEST, "ended": began + 0.1, "status": 200, "processed": True}
    return Attempt(of.obligation.agency, of.id, f"content of {of.id}", began, **{**usual, **other})


def row(of: Notice = ONE, state: str = "accepted", error: str | None = None) -> Row:
    return Row(of.id, of.obligation.agency, of.obligation.case_id, state, error, aside=False)


def seen(**other: Any) -> Seen:
    usual: dict[str, Any] = {
        "accepted": {"said-1"},
        "on_topic": {"said-1", "said-2"},
        "statements": {"alert": SAID},
        "recorded": {"case": {1}},
        "versions": {"case": {1, 2}},
        "missing": {},
        "extra": (),
        "notices": [ONE],
        "rows": [row()],
        "unsettled": (),
        "attempts": [attempt()],
        "unsigned": 0,
        "inbox": (),
        "systems": ("school",),
        "obligations": {ONE.obligation.id: "accepted"},
        "poison": (),
        "quarantined": (),
        "unreadable": (),
    }
    return Seen(**{**usual, **other})


def test_a_run_in_which_all_went_well_is_clean() -> None:
    verdict = judge(seen())

    assert (verdict.lost, verdict.doubled, verdict.disordered, verdict.lies) == (frozenset(),) * 4


@pytest.mark.parametrize(
    "lossy",
    [
        seen(accepted={"said-3"}),
        seen(recorded={"case": {3}}),
        seen(missing={"unledgered": ("one",)}),
        seen(attempts=[]),
        seen(attempts=[attempt(processed=False, status=500)]),
        seen(attempts=[attempt(processed=False, manner=Manner.LIES)], obligations={ONE.obligation.id: "acknowledged"}),
        seen(attempts=[], rows=[row(state="refused")]),
        seen(unsigned=1),
        seen(poison=[(topics.NOTICES, 0, 1)], unreadable=[(topics.NOTICES, 0, 1)]),
        seen(poison=[(topics.RECEIPTS, 0, 1)]),
    ],
    ids=[
        "accepted and not on the topic",
        "a case recorded and not on the topic",
        "the reconciler misses one",
        "never sent",
        "never taken",
        "a lie about what somebody answered",
        "a refusal that nobody gave",
        "unsigned",
        "poison that delivery dropped",
        "poison that the chronicle dropped",
    ],
)
def test_each_loss_is_counted_once(lossy: Seen) -> None:
    verdict = judge(lossy)

    assert len(verdict.lost) == 1
    assert not verdict.doubled


def changed(one: Attempt, **fields: Any) -> Attempt:
    return replace(one, **fields)


AGAIN = ONE.model_copy(
    update={
        "id": ids.notice_id(ONE.obligation.id, "said-1", since="2026-11-25T00:00:00+00:00"),
        "obligation": ONE.obligation.model_copy(update={"since": datetime(2026, 11, 25, tzinfo=UTC)}),
    }
)
BACK = notice("said-1", deed=Deed.WITHDRAW, by="case version 2")


@pytest.mark.parametrize(
    "double",
    [
        seen(extra=("one",)),
        seen(unsettled={ONE.id}),
        seen(notices=[ONE, AGAIN], rows=[row(), row(AGAIN)], attempts=[attempt(), attempt(AGAIN, 2.0)]),
        seen(notices=[ONE, BACK, BACK], rows=[row(), row(BACK)], attempts=[attempt(), attempt(BACK, 2.0)]),
        seen(attempts=[attempt(), changed(attempt(began=2.0), key="random", digest="other")]),
        seen(attempts=[attempt(), changed(attempt(began=2.0), digest="other", processed=False)]),
        seen(attempts=[attempt(ended=3.0), attempt(began=2.0, processed=False)]),
    ],
    ids=[
        "extra",
        "touched after it was settled",
        "told under two keys",
        "taken back twice",
        "a key of no notice",
        "two contents under one key",
        "two senders at once",
    ],
)
def test_each_doubling_is_counted_once(double: Seen) -> None:
    verdict = judge(double)

    assert len(verdict.doubled) == 1
    assert not verdict.lost


def test_a_key_drawn_anew_for_a_repeat_is_a_doubling() -> None:
    assert judge(seen(attempts=[attempt(), changed(attempt(began=2.0), key="random")])).doubled


def test_a_repeat_under_the_same_key_after_a_broken_connection_is_what_the_key_is_for() -> None:
    verdict = judge(seen(attempts=[attempt(status=None), attempt(began=2.0, processed=False)]))

    assert not verdict.doubled
    assert not verdict.lost


def test_what_was_told_taken_back_and_told_again_is_no_doubling() -> None:
    notices = [ONE, BACK, AGAIN]

    verdict = judge(seen(notices=notices, rows=list(map(row, notices)), attempts=[attempt(n, float(i)) for i, n in enumerate(notices)]))

    assert not verdict.doubled


GIVEN_ANEW = ONE.model_copy(update={"id": ids.notice_id(ONE.obligation.id, ONE.id, since="case version 2")})
"""As the reducers name it when a version has put an agency back that an earlier one had taken off before the alert's own moment."""
TOLD_AGAIN = ONE.model_copy(
    update={"id": ids.notice_id(ONE.obligation.id, "said-1", since=f"{AT.isoformat()}, statement said-1, version 2")}
)


@pytest.mark.parametrize("again", [GIVEN_ANEW, TOLD_AGAIN], ids=["given anew", "told again"])
def test_what_is_told_under_an_id_that_names_a_change_is_known_by_its_statement(again: Notice) -> None:
    def told(*notices: Notice) -> Seen:
        attempts = [attempt(one, float(number)) for number, one in enumerate(notices)]
        return seen(notices=notices, rows=list(map(row, notices)), attempts=attempts, decided={"said-1": 2})

    assert not judge(told(ONE, BACK, again, notice(deed=Deed.WITHDRAW, by="case version 3"))).doubled
    assert len(judge(told(ONE, again)).doubled) == 1


def test_a_notice_that_no_statement_and_no_change_explains_is_a_doubling() -> None:
    strange = ONE.model_copy(update={"id": ids.notice_id(ONE.obligation.id, ONE.id, since="case version 3")})

    assert judge(seen(notices=[strange], rows=[row(strange)], attempts=[attempt(strange)])).doubled


def test_a_lie_is_accounted_for_while_nobody_has_answered() -> None:
    verdict = judge(seen(attempts=[attempt(processed=False, manner=Manner.LIES)]))

    assert verdict.lies == {ONE.id}
    assert not verdict.lost


def test_a_lie_is_accounted_for_where_a_worker_has_answered_and_not_where_only_the_bus_says_so() -> None:
    lied = {"attempts": [attempt(processed=False, manner=Manner.LIES)], "obligations": {ONE.obligation.id: "acknowledged"}}

    assert judge(seen(**lied, answered={ONE.obligation.id})).lies == {ONE.id}
    assert judge(seen(**lied)).lost


def test_a_refusal_that_is_known_is_no_loss_nor_is_what_was_withdrawn_before_it_was_sent() -> None:
    refused = judge(seen(attempts=[attempt(processed=False, status=422)], rows=[row(state="refused")]))
    withdrawn = judge(seen(attempts=[], rows=[row(state="cancelled", error="withdrawn_before_it_was_sent")]))

    assert not refused.lost
    assert not withdrawn.lost
    assert refused.refusals == withdrawn.refusals == 1


def test_arrivals_follow_the_order_of_the_notices_within_an_agency_and_a_case() -> None:
    other = notice("said-2")
    rows = [row(), row(other)]

    straight = judge(seen(notices=[ONE, other], rows=rows, attempts=[attempt(ONE, 1.0), attempt(other, 2.0)]))
    crossed = judge(seen(notices=[ONE, other], rows=rows, attempts=[attempt(ONE, 2.0), attempt(other, 1.0)]))

    assert not straight.disordered
    assert len(crossed.disordered) == 1


def test_poison_in_quarantine_or_among_the_unreadable_is_accounted_for_and_where_nobody_reads_none_is_asked() -> None:
    decided, recorded, unread = (topics.ALERTS, 0, 1), (topics.CASES, 0, 1), ("alertbus.nobody-reads-it", 0, 1)

    verdict = judge(seen(poison=[decided, recorded, unread], quarantined=[decided], unreadable=[recorded]))

    assert not verdict.lost


def test_what_the_bus_wrote_itself_and_could_not_decide_is_lost_and_a_refused_notice_is_not() -> None:
    undecided, refused = (topics.CASE_EVENTS, 0, 1), (topics.NOTICES, 0, 1)

    verdict = judge(seen(quarantined=[undecided, refused]))

    assert verdict.lost == {f"{topics.CASE_EVENTS}/0/1: no poison, and could not be decided"}


def test_a_verdict_since_another_holds_only_what_is_new() -> None:
    before, after = judge(seen(extra=("one",))), judge(seen(extra=("one", "two")))

    assert after.since(before).doubled == {"extra two"}


def escalation(key: str, role: str = "team_manager") -> Notice:
    return ONE.model_copy(update={"id": key, "deed": Deed.ESCALATE, "obligation": ONE.obligation.model_copy(update={"role": role})})


def test_an_escalation_to_each_person_is_in_order_and_two_to_one_are_doubled() -> None:
    def told(*notices: Notice) -> Seen:
        return seen(notices=[ONE, *notices], rows=[row(one) for one in (ONE, *notices)], attempts=[attempt(one) for one in (ONE, *notices)])

    assert not judge(told(escalation("e1"), escalation("e2", "duty_manager"))).doubled
    assert len(judge(told(escalation("e1"), escalation("e2"))).doubled) == 1


def test_a_copy_on_the_fallback_does_not_stand_for_delivery_to_the_agencys_own_system() -> None:
    assert len(judge(seen(attempts=[], inbox=(ONE.id,))).lost) == 1
    assert not judge(seen(attempts=[], inbox=(ONE.id,), systems=())).lost
