"""A real bus is asked everything by everybody; nothing of anybody stands where it may not, in answers, errors, logs, topics and files."""

import pytest

from alertbus.broker.jars import find_java
from tests.leaks.asked import BESIDES, FOLDERS, SPOILT, Answer, looked_at
from tests.leaks.at_the_desk import NO_CONTENT, readers
from tests.leaks.seen import RECIPIENTS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]


TOLD_OF_NOTHING = {"nspcc", "other"}
"""Who has notices in which nothing of anybody stands: that there is something, and whom to ring."""


@pytest.fixture(scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    return await looked_at(tmp_path_factory.mktemp("leaks"))


def test_nothing_stands_where_it_may_not(found: list[Answer]) -> None:
    assert sorted({str(one) for one in found if one.is_leak}) == []


def test_everything_was_really_asked_and_answered(found: list[Answer]) -> None:
    """Each recipient has read something in each place that is for it; every place was looked at."""
    read = {(one.place, one.reader) for one in found if one.found}
    places = {one.place for one in found}

    for place in ("inbox", "events", "alert look-up"):
        assert {one.reader for one in found if one.place == place} == {*RECIPIENTS, "of-others"}
        assert {reader for where, reader in read if where == place} == {*RECIPIENTS, "of-others"} - TOLD_OF_NOTHING
    assert {reader for place, reader in read if place == "file"} == set(FOLDERS)
    assert {reader for place, reader in read if place.startswith(("case file", "chronology"))} == {"csc"}
    assert {place for place in places if place.startswith("chronology")} == {
        f"chronology as {form}" for form in ("json", "csv", "html", "pdf", "text")
    }
    assert {reader for place, reader in read if place == "case status"} == set(RECIPIENTS) - TOLD_OF_NOTHING - {"mash"}
    assert {one.reader for one in found if one.place == "/metrics"} == {*RECIPIENTS, *BESIDES}
    assert {place.removeprefix("key or header on alertbus.") for place in places if place.startswith("key or header")} >= {
        "alerts", "cases", "person-events", "case-events", "notices", "receipts", "review", "audit",
    }  # fmt: skip
    assert {one.reader for one in found if one.place == "nudges"} == {"whoever carries them"}
    assert {"the log of gateway-0", "the log of stream-0", "the log of delivery-0", "the log of chronicle-0"} <= places


def test_errors_were_really_provoked(found: list[Answer]) -> None:
    """Every field of an alert and of a case was refused once, and no refusal repeats what it refused."""
    refusals = [one for one in found if one.place.startswith("refusal of ")]

    assert len({one.place for one in refusals}) >= 10
    assert len(refusals) > 200 * len({one.field for one in found})
    assert not any(one.found for one in refusals)


def test_the_desk_was_really_looked_at_by_everybody_in_every_role(found: list[Answer]) -> None:
    """Each page that has an address, opened by each agency, setting and role; who may read something there has read it."""
    pages = [one for one in found if one.place.startswith("the page ")]
    read = {(one.place, one.reader) for one in pages if one.found}

    assert {one.reader for one in pages} == set(map(str, readers()))
    assert {reader.partition(" as ")[0] for place, reader in read if place == "the page GET /inbox"} >= {*RECIPIENTS} - TOLD_OF_NOTHING
    assert {reader.partition(" as ")[0] for place, reader in read if "/alerts/" in place} >= {*RECIPIENTS} - TOLD_OF_NOTHING
    no_content = {(one.place, one.reader, one.field) for one in pages if one.found and one.reader.endswith(tuple(map(str, NO_CONTENT)))}
    reviews = {"the page GET /reviews", "the page GET /reviews/{item_id}"}  # they mend the system that sends what cannot be read
    assert no_content <= {(place, "csc as integration", "alert: source") for place in reviews}
    assert {one.place for one in found} >= {"the log of the desk", "address and headers of /inbox"}


def test_a_template_that_leaks_is_found(found: list[Answer]) -> None:
    spoilt = {one.field for one in found if one.place.startswith(f"{SPOILT}the page") and one.found and not one.allowed}

    assert spoilt == {"child: NHS number"}
