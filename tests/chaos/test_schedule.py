"""The schedule is a pure function of its seed, and every deck tries every kind."""

import hashlib
from collections import Counter

import pytest

from alertbus.broker.topics import TOPICS
from alertbus.run.bootstrap import PARTS
from tests.chaos.poison import FORMS, brew
from tests.chaos.schedule import BOUND_TO_LAST_S, DECK, Kind, processes_of, schedule


def test_the_same_seed_gives_the_same_faults() -> None:
    assert schedule(7, 200) == schedule(7, 200)
    assert schedule(7, 200) != schedule(8, 200)


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    assert schedule(7, 200)[:50] == schedule(7, 50)


def test_the_faults_of_seed_1_are_these_and_stay_these() -> None:
    text = "\n".join(map(repr, schedule(1, 200, ("gateway", "stream", "delivery", "chronicle"))))

    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "c56463307f74de88"


@pytest.mark.parametrize("seed", range(5))
def test_one_deck_tries_every_kind(seed: int) -> None:
    faults = schedule(seed, sum(DECK.values()))

    assert Counter(fault.kind for fault in faults) == Counter(DECK)
    assert {fault.kind for fault in faults} == set(Kind)


def test_two_hundred_faults_kill_every_process_there_is_and_poison_every_topic_of_the_contract() -> None:
    faults = schedule(1, 600)

    assert {fault.target for fault in faults if fault.kind is Kind.KILLED} == set(processes_of(PARTS))
    assert {fault.target for fault in faults if fault.kind is Kind.POISON} >= {spec.name for spec in TOPICS}


def test_a_part_that_is_added_to_the_bus_is_among_the_victims() -> None:
    assert "desk-0" in {fault.target for fault in schedule(1, 200, (*PARTS, "desk"))}


def test_faults_come_in_the_order_of_the_load_and_none_lasts_for_ever() -> None:
    faults = schedule(3, 200)

    assert [fault.after for fault in faults] == sorted(fault.after for fault in faults)
    assert all(0 <= fault.hold_s <= BOUND_TO_LAST_S for fault in faults)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("topic", [spec.name for spec in TOPICS])
def test_poison_is_a_pure_function_of_topic_form_and_seed(topic: str, form: str) -> None:
    assert brew(topic, form, 5) == brew(topic, form, 5)
