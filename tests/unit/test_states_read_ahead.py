"""A worker that dies before its offset is committed leaves states that are ahead of it. What is then read again gives nothing that was not
given, and all that was (DESIGN section 6). That no state is written by half is for `test_whole_batches`.
"""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.events import CaseChanged
from alertbus.model.receipt import Intent
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.stream import state_parts
from tests.asked import MONDAY, Machine, a_case, answered, reached, said, ticked

MINUTE = timedelta(minutes=1)
KINDS = ("restraining_order_breach", "school_concern")
END = MONDAY + timedelta(days=30)


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, str, int]]:
    """What happens on a case, by the minute: an alert, what amends or takes it back, an answer, a version of the case, time that passes."""
    minutes = draw(st.lists(st.integers(1, 2000), min_size=3, max_size=9, unique=True).map(sorted))
    return [
        (at, draw(st.sampled_from(["alert", "amend", "withdraw", "answer", "case", "tick"])), draw(st.integers(0, 3))) for at in minutes
    ]


class _Life:
    """Plays it on a case, and remembers each event, with the state that followed."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.events: list[CaseEvent] = []
        self.states: list[CaseState] = [self.machine.state]
        self._case = a_case("school", "gp")
        self._stated = 0
        self._play(CaseChanged(case=self._case))

    def _play(self, event: CaseEvent) -> None:
        self.machine.follow(event)
        self.events.append(event)
        self.states.append(self.machine.state)

    def happens(self, minute: int, what: str, which: int) -> None:
        at = MONDAY + minute * MINUTE
        while (due := self.machine.state.next_at) is not None and due <= at:
            self._play(ticked(due))
        match what:
            case "alert" | "amend" | "withdraw":
                self._stated += 1
                amends = {} if what == "alert" else {"amends": f"A-{max(1, self._stated - which)}", "action": _ACTIONS[what]}
                self._play(reached(said(self._stated, at, kind=KINDS[which % 2], **amends)))
            case "answer" if self.machine.notices:
                told = self.machine.notices[which % len(self.machine.notices)]
                intent = (Intent.ACTING, Intent.PASSING_ON, Intent.NOT_OURS)[which % 3]
                self._play(answered(told, at, intent, by=f"P {minute}", to="B. Other"))
            case "case":
                agencies = (("school",), ("school", "gp"), ("gp",), ("gp", "housing"))[which]
                self._case = a_case(*agencies).learned(self._case, at)
                self._play(CaseChanged(case=self._case))
            case _:
                self._play(ticked(at))


_ACTIONS = {"amend": "amended", "withdraw": "withdrawn"}


def from_disk(state: CaseState) -> CaseState:
    """The state as a worker that starts reads it."""
    parts = [(key[1:], value) for key, value in sorted(state_parts.changes(b"", CaseState(), state)) if value is not None]
    return state_parts.whole(CaseState, parts) or CaseState()


@given(life=lives(), data=st.data())
def test_what_is_read_again_on_a_state_ahead_of_its_offset_gives_neither_more_nor_less(
    life: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    played = _Life()
    for one in life:
        played.happens(*one)
    committed = data.draw(st.integers(0, len(played.events) - 1), label="events before the committed offset")
    kept = data.draw(st.integers(committed, len(played.events)), label="events of which the state knows")
    first = Machine()
    first.follow(*played.events[:kept])

    again = Machine(state=from_disk(played.states[kept]), notices=list(first.notices))
    again.follow(*played.events[committed:])
    again.until(END)
    played.machine.until(END)

    assert {one.id for one in again.notices} == {one.id for one in played.machine.notices}
