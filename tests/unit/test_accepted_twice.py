"""A statement that was accepted twice, because whoever sent it was not answered, is one statement, as of the first time."""

from datetime import timedelta

import pytest

from alertbus.model.alert import AcceptedAlert
from alertbus.model.events import CaseChanged
from alertbus.reconcile.oracle import obligations_from_scratch
from tests.asked import MONDAY, POLICY, Machine, a_case, reached, said

LATER = MONDAY + timedelta(seconds=4)
ONCE = said(1, kind="restraining_order_breach").model_copy(update={"people_version": 1})
AGAIN = ONCE.model_copy(update={"people_version": 2, "at": LATER, "accepted_at": LATER})
"""The same statement, accepted again; somebody was said to be somebody else in between."""


@pytest.mark.parametrize("copies", [(ONCE, AGAIN), (AGAIN, ONCE)], ids=["as they were accepted", "the second first"])
def test_its_agencies_are_asked_as_of_the_first_time_though_who_is_meant_was_decided_anew_in_between(
    copies: tuple[AcceptedAlert, ...],
) -> None:
    machine, case = Machine(), a_case("school")
    machine.follow(CaseChanged(case=case), *(reached(one) for one in copies))
    machine.until(MONDAY + timedelta(days=2))

    assert machine.state.alerts[ONCE.alert_id].standing.at == MONDAY
    assert machine.state.alerts[ONCE.alert_id].standing.people_version == 2
    assert {one.obligation.since for one in machine.steps} == {MONDAY}
    owed = obligations_from_scratch(list(copies), {"c1": case}, POLICY, MONDAY + timedelta(days=2))
    assert {at for due in owed.values() for at, _ in due.read} == {MONDAY}


def test_a_copy_that_changes_nothing_is_the_known_one() -> None:
    assert ONCE.beside(ONCE) is ONCE
    assert ONCE.model_copy(update={"at": LATER}).beside(AGAIN) is AGAIN
    assert ONCE.beside(AGAIN).at == AGAIN.beside(ONCE).at == MONDAY
