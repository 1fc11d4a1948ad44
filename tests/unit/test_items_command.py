"""`alertbus items list` and `alertbus items escalate`: what they ask of the gateway, and what they print."""

import json

import pytest
import typer

from alertbus.cli import items
from alertbus.model.team import worker_ref
from tests.story import an_item, hours
from tests.unit.test_answer_command import gateway_for

ESCALATED = {"item_id": "item/1", "by": "Hazel Visitor", "agency": "health_visiting", "at": "2026-03-02T09:00:00Z"}
LATE = an_item().model_dump(mode="json") | {"overdue": True}


def test_clk_12_one_command_escalates_by_name_and_says_that_the_next_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = gateway_for(monkeypatch, items, ESCALATED)
    items.escalate("item/1", "Hazel Visitor")

    body = {"json": {"by": "Hazel Visitor"}}
    assert gateway.asked == [("POST", "/v1/items/item%2F1/escalations", body)], "as the caller's own agency, if nothing is said"
    assert capsys.readouterr().out == "The next of its chain is told now that Hazel Visitor (health_visiting) escalated it.\n"


def test_who_escalates_for_which_agency_can_be_said_and_the_answer_be_had_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = gateway_for(monkeypatch, items, ESCALATED)
    items.escalate("item-1", "Hazel Visitor", agency="health_visiting", json_=True)

    assert gateway.asked[0][2] == {"json": {"by": "Hazel Visitor", "agency": "health_visiting"}}
    assert json.loads(capsys.readouterr().out) == ESCALATED


def test_what_one_person_owes_is_asked_for_without_their_name_in_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    second = LATE | {"id": "item-2", "due": hours(30).isoformat()}
    gateway = gateway_for(monkeypatch, items, {"items": [LATE], "next": "item-1"}, {"items": [second], "next": None})
    items.list_(agency="health_visiting", worker="Ada Obi", overdue=True)

    given = [asked[2]["params"] for asked in gateway.asked]
    assert [one["worker"] for one in given] == [worker_ref("health_visiting", "Ada Obi")] * 2
    assert [one.get("after") for one in given] == [None, "item-1"]
    assert given[0]["overdue"] == "true"
    assert "Ada" not in json.dumps(given)
    assert capsys.readouterr().out.count("LATE, not recorded") == 2


def test_who_owes_nothing_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gateway_for(monkeypatch, items, {"items": [], "next": None})
    items.list_(agency="health_visiting", worker="Ada Obi")

    assert capsys.readouterr().out == "Ada Obi owes nothing.\n"


@pytest.mark.parametrize("said", [{"worker": "Ada Obi"}, {"worker": "Ada Obi", "agency": "health_visiting", "every": True}])
def test_a_person_is_of_an_agency_and_owes_what_is_open(said: dict[str, object]) -> None:
    with pytest.raises(typer.BadParameter):
        items.list_(**said)  # type: ignore[arg-type]
