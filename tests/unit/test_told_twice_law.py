"""The judge of chaos reads what the reducers write: of any story it knows the statement of each notice, and finds none told twice."""

import random
from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chaos.judge import told_twice
from tests.chaos.test_judge import ONE, seen
from tests.worlds import Machine, World, sent_by_a_jumping_clock, worlds


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), chance=st.randoms(use_true_random=False), clock=st.randoms(use_true_random=False))
def test_however_the_lanes_are_read_and_the_clock_jumps_nobody_is_told_twice_what_was_not_taken_back(
    world: World, chance: random.Random, clock: random.Random
) -> None:
    cases, alerts = world
    machine = Machine()
    machine.read_lanes(sent_by_a_jumping_clock(cases, alerts, clock), chance)

    statements: dict[str, list[str]] = defaultdict(list)
    decided: dict[str, int] = defaultdict(int)
    for one in (found.statement for found in alerts):
        statements[one.alert_id].append(one.statement_id)
        decided[one.statement_id] = max(decided[one.statement_id], one.people_version)
    entries = [entry for of_one in machine.read().values() for entry in of_one]
    notices = [ONE.model_copy(update={"id": one.notice_id, "deed": one.deed, "obligation": one.obligation}) for one in entries]
    versions = {case_id: {version.version for version in known} for case_id, known in cases.items()}

    assert not list(told_twice(seen(notices=notices, statements=statements, versions=versions, decided=decided)))
