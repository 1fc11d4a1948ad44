"""`alertbus answer` and `alertbus inbox`: what they ask of the gateway, and what they print."""

import json
from typing import Any, Self

import pytest
import typer

from alertbus.cli import answer, inbox
from alertbus.cli.status import answer_given
from alertbus.model.receipt import Intent
from alertbus.model.team import worker_ref
from alertbus.plugin.kit.samples import sample_notice

ONE = "fbab4e80-cf4f-5d96-abb4-cd837f358613"
RECEIPT = {"id": "r-1", "stage": "acknowledged", "by": "Jo Bloggs", "intent": "acting", "to": None, "at": "2026-03-02T09:00:00Z"}
NOBODY = {
    "acknowledged_by": None,
    "acknowledged_intent": None,
    "acknowledged_at": None,
    "passed_to": None,
    "accepted": None,
    "acted_by": None,
}


class Gateway:
    """Keeps what it is asked, and answers what it was given."""

    def __init__(self, *said: Any) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self._said = list(said)

    def of(self, _: object) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def call(self, method: str, path: str, **options: Any) -> Any:
        self.asked.append((method, path, options))
        return self._said.pop(0)


def gateway_for(monkeypatch: pytest.MonkeyPatch, module: Any, *said: Any) -> Gateway:
    gateway = Gateway(*said)
    monkeypatch.setattr(module, "Client", gateway)
    return gateway


def item(**said: Any) -> dict[str, Any]:
    notice = sample_notice().model_dump(mode="json")
    return {"id": ONE, "notice": notice, "state": "owed", "overdue": False} | NOBODY | said


@pytest.mark.parametrize(
    ("said", "path", "body", "words"),
    [
        ({"intent": Intent.ACTING}, "acknowledgements", {"intent": "acting"}, "acts on it"),
        (
            {"intent": Intent.PASSING_ON, "to": "Sam Field", "note": "on leave"},
            "acknowledgements",
            {"intent": "passing_on", "to": "Sam Field", "note": "on leave"},
            "passed it on to Sam Field",
        ),
        ({"intent": Intent.NOT_OURS, "note": "moved"}, "acknowledgements", {"intent": "not_ours", "note": "moved"}, "not theirs"),
        ({"acted": "visited"}, "acted", {"what": "visited"}, "has acted"),
        ({"undo": "r-1"}, "acknowledgements/r-1/undo", {}, "has taken the answer back"),
    ],
)
def test_an_answer_is_one_call_and_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: dict[str, Any], path: str, body: dict[str, Any], words: str
) -> None:
    stage = "acted" if "acted" in said else "undone" if "undo" in said else "acknowledged"
    receipt = RECEIPT | {"stage": stage, "intent": str(said.get("intent", "acting")), "to": said.get("to")}
    gateway = gateway_for(monkeypatch, answer, receipt)
    answer.answer(ONE, "Jo Bloggs", **said)

    assert gateway.asked == [("POST", f"/v1/obligations/{ONE}/{path}", {"json": {"by": "Jo Bloggs"} | body, "params": {}})]
    printed = capsys.readouterr().out
    assert words in printed
    assert ("--undo r-1" in printed) == ("undo" not in said)


@pytest.mark.parametrize("said", [{}, {"intent": Intent.ACTING, "acted": "visited"}, {"acted": "visited", "to": "Sam Field"}])
def test_an_answer_is_one_of_three(said: dict[str, Any]) -> None:
    with pytest.raises(typer.BadParameter):
        answer.answer(ONE, "Jo Bloggs", **said)


def test_no_name_stands_in_the_address_of_an_inbox(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = gateway_for(monkeypatch, inbox, {"items": [item()], "next": "c"}, {"items": [item(overdue=True)], "next": None})
    inbox.inbox("health_visiting", "Jo Bloggs", state="open")

    first, second = (options["params"] for _, _, options in gateway.asked)
    assert first["worker"] == worker_ref("health_visiting", "Jo Bloggs")
    assert "Bloggs" not in json.dumps(first)
    assert (first.get("after"), second["after"]) == (None, "c")
    printed = capsys.readouterr().out
    assert printed.count(ONE) == 2
    assert "OVERDUE" in printed


def test_an_inbox_with_nothing_in_it_says_whose_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gateway_for(monkeypatch, inbox, {"items": [], "next": None})
    inbox.inbox("health_visiting", state="open")

    assert "Nothing waits for health_visiting." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "nobody yet"),
        (
            {"acknowledged_intent": "passing_on", "passed_to": "Sam Field", "accepted": False},
            "passed on to Sam Field, who has NOT accepted",
        ),
        ({"acknowledged_intent": "acting", "passed_to": "Sam Field", "accepted": True}, "passed on to Sam Field, who has accepted"),
        (
            {"acknowledged_intent": "acting", "acted_by": "Sam Field", "acted_at": "2026-03-02T10:00:00Z"},
            "done by Sam Field, 2026-03-02T10:00",
        ),
    ],
)
def test_who_has_answered_is_said_with_where_it_went_and_what_was_done(said: dict[str, Any], words: str) -> None:
    given = NOBODY | ({"acknowledged_by": "Jo Bloggs", "acknowledged_at": "2026-03-02T09:00:00Z"} | said if said else {})
    assert words in answer_given(given)
