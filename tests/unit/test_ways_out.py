"""By which ways anything leaves the bus: a closed list, each to an agency's own system; none that a family holds (NOT-03, NOT-19)."""

import inspect
from pathlib import Path

from alertbus.broker.topics import TOPICS
from alertbus.delivery import channels
from alertbus.model.ways_out import OWN_CHANNELS
from alertbus.plugin.manager import Plugins
from alertbus.plugin.transports import OpenTransport
from alertbus.policy.load import load_policy

AGENCIES = {
    "childrens_social_care", "mash", "police", "health_visiting", "gp", "midwifery", "school_nursing", "hospital", "school", "nursery",
    "housing", "probation", "prison", "ambulance", "nspcc", "alertbus_watchdog",
}  # fmt: skip
"""Organisations, and the bus's own watchdog. Whoever adds one has seen that it is no family's."""

SECTORS = {"social_care", "police", "health", "education", "housing", "probation", "ambulance", "nspcc", "unknown"}


def test_not_19_the_ways_out_are_three_to_agencies_and_one_to_the_watchdog() -> None:
    """No red book, no app of a parent, no post: what a family holds is neither written to nor counted as told."""
    assert set(OWN_CHANNELS) == {"inbox", "webhook", "file"}
    folder = Path(channels.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} == {"__init__", "deadman", "file", "inbox", "plugged", "webhook"}


def test_not_19_a_plugins_way_out_is_to_an_agency_too_and_the_shipped_ones_are_known() -> None:
    """A transport is given a message and an agency, and an operator sets one for an agency; who ships one has seen that no family holds it."""
    assert list(inspect.signature(OpenTransport.send).parameters) == ["self", "message", "agency"]
    assert set(Plugins.load().transports) <= {"mesh", "notify"}


def test_not_19_every_agency_of_the_policy_is_an_organisation_of_a_known_sector() -> None:
    assert set(load_policy().agencies) == AGENCIES
    assert {agency.sector for agency in load_policy().agencies.values()} == SECTORS
    assert set(load_policy().sharing) == SECTORS


def test_not_09_the_topics_are_those_of_the_contract_and_none_is_a_referral() -> None:
    assert {spec.name.removeprefix("alertbus.") for spec in TOPICS} == {
        "alerts", "cases", "person-events", "case-events", "notices", "receipts", "review", "quarantine", "audit", "items", "teams",
    }  # fmt: skip
