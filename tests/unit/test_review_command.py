"""`alertbus review` and `alertbus people`: what they ask of the gateway, and what they print."""

import json
from typing import Any, Self

import pytest
import typer

from alertbus.cli import people, review
from alertbus.cli.main import app, guarded
from alertbus.cli.people import pointed_at
from alertbus.cli.status import _review

ITEM = {
    "id": "fbab4e80-cf4f-5d96-abb4-cd837f358613",
    "reason": "unsure_match",
    "at": "2026-11-29T02:36:00Z",
    "state": "open",
    "owner": "mash",
    "age_s": 600.0,
    "alert_id": "8b7abaf6-3927-5543-8a98-69d80d84419e",
    "source": "police.northants",
    "case_id": None,
    "exercise": None,
    "person_ids": ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"],
    "detail": None,
    "outcome": None,
    "by": None,
    "decided_at": None,
    "note": None,
}
PLACE = {"case_id": "family-1", "key": "m", "person": {"name": {"given": "Ana", "family": "Pek"}, "born": "1987-05-17"}}
SHOWN = ITEM | {
    "in_question": {"alert_id": ITEM["alert_id"], "person": {"name": {"given": "Anna", "family": "Pek"}}},
    "candidates": [
        {"person_id": ITEM["person_ids"][1], "cases": ["family-1"], "agrees": ["family name: same"], "places": [PLACE]},
        {"person_id": ITEM["person_ids"][2], "cases": [], "differs": ["NHS number: different"], "contradicts": True, "places": []},
    ],
}


class Asked:
    """A gateway that gives prepared answers and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.calls = answers, []

    def of(self, *_: object, **__: object) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def call(self, method: str, path: str, **options: Any) -> Any:
        self.calls.append((method, path, options.get("json")))
        return self.answers[f"{method} {path.rstrip('/').rpartition('/')[2]}"]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Asked:
    decided = ITEM | {"outcome": "same", "by": "Jo Okafor", "decided_at": "2026-11-29T02:40:00Z"}
    outcome = {"id": "people-1", "repeated": False, "waits": True}
    item_id = ITEM["id"]
    asked = Asked(
        **{
            "GET reviews": {"items": [ITEM], "next": None},
            f"GET {item_id}": SHOWN,
            "POST decisions": decided,
            "POST merges": outcome,
            "POST splits": outcome,
        }
    )
    for module in (review, people):
        monkeypatch.setattr(module, "Client", asked)
    return asked


def run(*arguments: str) -> int:
    return guarded(lambda: app(list(arguments)))


def test_a_list_says_why_how_long_and_for_whom(gateway: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("review", "list") == 0

    printed = capsys.readouterr().out
    for words in (ITEM["id"], "unsure_match", "10 min", "mash", "police.northants", "open"):
        assert str(words) in printed


def test_the_people_stand_side_by_side_and_the_next_command_is_named(gateway: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("review", "show", "fbab") == 0

    printed = capsys.readouterr().out
    for words in (
        "Anna Pek",
        "Ana Pek",
        "a: case family-1",
        "b: on no case",
        "family name: same",
        "alertbus review decide",
        "one of the numbers",
    ):
        assert words in printed


def test_a_candidate_is_named_by_letter_or_by_id(gateway: Asked) -> None:
    for person in ("b", ITEM["person_ids"][2]):
        assert run("review", "decide", "fbab", "same", str(person), "--by", "Jo Okafor", "--note", "one woman") == 0

        method, path, body = gateway.calls[-1]
        assert (method, path) == ("POST", f"/v1/reviews/{ITEM['id']}/decisions")
        assert body == {"outcome": "same", "person_id": ITEM["person_ids"][2], "by": "Jo Okafor", "note": "one woman"}
    assert run("review", "decide", "fbab", "reopen", "--by", "Jo Okafor") == 0
    assert gateway.calls[-1][2] == {"outcome": "reopened", "by": "Jo Okafor"}


@pytest.mark.parametrize("arguments", [["same"], ["different", "a"], ["seen", "a"], ["perhaps"]])
def test_a_decision_that_cannot_be_meant_is_wrong_usage_and_nothing_is_sent(gateway: Asked, arguments: list[str]) -> None:
    assert run("review", "decide", "fbab", *arguments, "--by", "Jo Okafor") == 2
    assert gateway.calls == []


def test_people_are_merged_and_a_split_is_taken_back(gateway: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("people", "merge", "family-1/m", "nhs_number:9845990290", "--by", "Jo Okafor") == 0
    assert "Nobody is known by one of the numbers yet" in capsys.readouterr().out
    assert run("people", "split", "family-1/m", "family-2/m", "--by", "Jo Okafor", "--take-back", "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == "people-1"

    (_, merges, merged), (_, splits, split) = gateway.calls
    assert (merges, splits) == ("/v1/people/merges", "/v1/people/splits")
    assert merged["people"] == [{"case_id": "family-1", "key": "m"}, {"identifier": {"system": "nhs_number", "value": "9845990290"}}]
    assert (merged["taken_back"], split["taken_back"]) == (False, True)


def test_somebody_is_pointed_at_by_number_case_or_id_and_a_number_with_a_slash_is_a_number() -> None:
    assert pointed_at("pnc:1995/0004242F") == {"identifier": {"system": "pnc", "value": "1995/0004242F"}}
    assert pointed_at("family-1/a:b") == {"case_id": "family-1", "key": "a:b"}
    assert pointed_at(ITEM["person_ids"][1]) == {"person_id": ITEM["person_ids"][1]}


@pytest.mark.parametrize("text", ["Ana Pek", "9845990290", "passport:9845990290", "family-1/", "/m", ""])
def test_what_points_at_nobody_is_wrong_usage_and_is_not_repeated(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="nhs_number") as refused:
        pointed_at(text)
    assert not text or text not in str(refused.value)


def test_status_says_how_much_waits_and_for_whom() -> None:
    oldest = {"id": "r", "reason": "unsure_match", "age_s": 5400.0, "owner": "mash"}

    assert _review({"open": 3, "oldest": oldest}) == "3 open, the oldest 1.5 h, for mash (unsure_match); `alertbus review list` lists them"
    assert _review({"open": 0, "oldest": None}) == "nothing open"
