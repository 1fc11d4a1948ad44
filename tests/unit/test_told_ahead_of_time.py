"""An alert that was accepted by a clock that ran ahead, and an agency that leaves its case and comes back before that moment."""

from datetime import timedelta

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.events import CaseChanged
from alertbus.model.notice import Deed
from alertbus.reconcile.oracle import obligations_from_scratch
from tests.asked import MONDAY, POLICY, Machine, a_case, reached, said

AHEAD = MONDAY + timedelta(minutes=4)
"""What the gateway's clock said at nine o'clock."""
SAID = said(1, AHEAD)
AGENCIES = ("school", "midwifery")


def next_version(*agencies: str, before: Case, minutes: int) -> Case:
    """With these agencies on the case, known so many minutes after nine."""
    return a_case(*agencies).learned(before, MONDAY + timedelta(minutes=minutes))


def told(*statements: AcceptedAlert, agency: str) -> list[Deed]:
    """What an agency is told that leaves after one minute and is back after three."""
    machine = Machine()
    first = a_case(*AGENCIES)
    without = next_version("school", before=first, minutes=1)
    again = next_version(*AGENCIES, before=without, minutes=3)
    machine.follow(CaseChanged(case=first), *(reached(one) for one in statements), CaseChanged(case=without), CaseChanged(case=again))
    machine.until(MONDAY + timedelta(minutes=10))
    owed = obligations_from_scratch(list(statements), {"c1": again}, POLICY, MONDAY + timedelta(minutes=10))
    mine = [one for one in machine.notices if one.obligation.agency == agency and one.obligation.id in owed and one.step is None]
    return [one.deed for one in mine]


def test_an_agency_is_told_that_it_is_no_longer_theirs_and_told_anew_when_it_is_back() -> None:
    assert told(SAID, agency="school") == [Deed.DELIVER]
    assert told(SAID, agency="midwifery") == [Deed.DELIVER, Deed.NO_LONGER_YOURS, Deed.DELIVER]


def test_what_was_withdrawn_while_it_was_there_ends_for_it_again_when_it_is_back() -> None:
    withdrawn = said(2, AHEAD + timedelta(seconds=5), action="withdrawn", amends="A-1").model_copy(update={"alert_id": SAID.alert_id})

    assert told(SAID, withdrawn, agency="school") == [Deed.DELIVER, Deed.WITHDRAW]
    assert told(SAID, withdrawn, agency="midwifery")[-1] is Deed.WITHDRAW
