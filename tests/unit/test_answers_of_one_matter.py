"""Alerts on one matter are counted on the later notice, and each is answered by itself: an answer answers what its reader was shown
(decision 0028).
"""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.events import CaseChanged
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent
from tests.asked import MONDAY, Machine, a_case, answered, reached, said

HOUR = timedelta(hours=1)
ALERTS = 3

answers = st.lists(
    st.tuples(
        st.integers(0, ALERTS - 1), st.sampled_from(["school", "childrens_social_care"]), st.sampled_from(list(Intent)), st.integers(6, 200)
    ),
    max_size=5,
    unique_by=lambda one: one[3],
)


def played(given_answers: list[tuple[int, str, Intent, int]], kind: str) -> tuple[Machine, list[Notice]]:
    """Three alerts of one kind about the same people, an hour apart, and what people answer to them; and what was told."""
    machine = Machine()
    machine.follow(CaseChanged(case=a_case("school", "childrens_social_care")))
    told = [one for number in range(ALERTS) for one in machine.follow(reached(said(number, MONDAY + number * HOUR, kind=kind)))]
    for number, agency, intent, hours in sorted(given_answers, key=lambda one: one[3]):
        at = MONDAY + hours * HOUR
        machine.until(at - timedelta(minutes=1))
        asked = next(
            one for one in told if one.obligation.source_id == f"A-{number}" and one.obligation.agency == agency and one.step is None
        )
        machine.follow(answered(asked, at, intent))
    machine.until(MONDAY + timedelta(days=30))
    return machine, told


def steps_of(machine: Machine, number: int) -> list[tuple[str, str]]:
    return sorted((one.id, one.obligation.role) for one in machine.steps if one.obligation.source_id == f"A-{number}")


def test_ooh_05_the_later_notice_counts_the_earlier_ones_and_each_asks_for_an_answer_of_its_own() -> None:
    _, told = played([], "ppn")
    mine = [one for one in told if one.obligation.role == "social_worker" and one.step is None]

    assert [one.repeats.number if one.repeats else 1 for one in mine] == [1, 2, 3]
    assert all(one.obligation.due is not None for one in mine)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers, st.sampled_from(["ppn", "restraining_order_breach", "school_concern"]))
def test_ooh_05_an_answer_changes_who_is_asked_of_its_own_alert_and_of_no_other_of_the_matter(
    some: list[tuple[int, str, Intent, int]], kind: str
) -> None:
    machine, _ = played(some, kind)

    for number in range(ALERTS):
        alone, _ = played([one for one in some if one[0] == number], kind)
        assert steps_of(machine, number) == steps_of(alone, number)
