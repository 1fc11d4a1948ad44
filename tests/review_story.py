"""Questions that wait for a person, invented: who somebody is, words held back from a case, a message that nobody could read."""

import uuid
from datetime import UTC, datetime
from typing import Any

from alertbus.broker import topics
from alertbus.directory.directory import Directory
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.events import ReviewReason
from alertbus.model.screening import Clue, Revealed
from alertbus.wire import records

FAMILY = "Quagmire-Zebulon"
WORDS = f"She said that Ana {FAMILY} from number nine had the boy all night."


def person(given: str, born: str, **more: Any) -> dict[str, Any]:
    home = {"lines": ["17 Millrace Lane"], "postcode": "NN2 2BB"}
    return {"name": {"given": given, "family": FAMILY}, "born": born, "addresses": [home], **more}


async def case_with(gateway: Any, name: str, one: dict[str, Any]) -> str:
    """A case file with this mother, a midwife's service and a school; gives its id."""
    case_id = f"{name}-{uuid.uuid4().hex[:8]}"
    body = {
        "people": [{"key": "m"} | one, {"key": "c", "label": "Baby"}],
        "children": ["c"],
        "links": [{"person": "m", "relation": "mother"}],
        "involvements": [{"agency": "midwifery.general"}, {"agency": "school.123456"}],
    }
    answer = await gateway.http.put(f"/v1/cases/{case_id}", json=body)
    assert answer.status_code == 201, answer.text
    return case_id


async def doubt(gateway: Any, born: str = "1987-05-17", **second: Any) -> tuple[str, str, str]:
    """Two case files with a mother who may be one woman; gives their ids, and that of the question that this raises."""
    one = await case_with(gateway, "larch", person("Ana", born))
    two = await case_with(gateway, "rowan", person("Anna", born, **second))
    [asked] = await gateway.reviews(two)
    await gateway.projected(topics.REVIEW, topics.CASES)
    return one, two, asked["id"]


async def doubt_of_an_alert(gateway: Any, one: dict[str, Any]) -> str:
    """An alert about somebody who may be one on a case file, as the stream asks about it; gives the question's id."""
    inside = gateway.inside
    said = {"source": "police", "kind": "ppn", "occurred_at": "2026-01-05T10:00:00Z", "recorded_at": "2026-01-05T10:00:00Z"}
    alert = Alert.model_validate(said | {"id": uuid.uuid4().hex, "subjects": [{"person": one}]})
    statement = AcceptedAlert.of(alert, datetime(2026, 1, 5, 12, tzinfo=UTC))
    directory = Directory(inside.engine, inside.policy.identity, inside.policy.front_door)
    await directory.refresh([statement])
    [match] = await directory.identify(statement, inside.now())
    assert match.unsure is ReviewReason.UNSURE_MATCH
    asked = records.review_of_statement(statement, match.unsure, (*match.person_ids, *match.alike))
    await inside.intake.publisher.send(records.alert_accepted(statement), asked)
    await gateway.projected(topics.REVIEW, topics.ALERTS)
    [needed] = await gateway.reviews(statement.alert_id)
    return str(needed["id"])


async def held_words(gateway: Any, text: str = WORDS) -> str:
    """A question about words that name somebody, as the stream asks it; gives its id."""
    alert = Alert.model_validate(
        {
            "id": uuid.uuid4().hex,
            "source": "police",
            "kind": "ppn",
            "occurred_at": "2026-01-05T10:00:00Z",
            "recorded_at": "2026-01-05T10:00:00Z",
            "subjects": [{"person": {"label": "a man"}}],
            "narrative": [{"text": text}],
        }
    )
    said = AcceptedAlert.of(alert, datetime(2026, 1, 5, 12, tzinfo=UTC))
    case_id = await case_with(gateway, "alder", {"label": "Mother", "born": "1990-01-02"})
    asked = records.review_of_words(said, case_id, [Revealed(clue=Clue.NAME, where="narrative[0]", person_ids=("p",))])
    await gateway.inside.intake.publisher.send(records.alert_accepted(said), asked)
    await gateway.projected(topics.REVIEW, topics.ALERTS, topics.CASES)
    [needed] = await gateway.reviews(said.alert_id)
    return str(needed["id"])


async def unreadable_message(gateway: Any) -> None:
    """A message that nobody could read."""
    answer = await gateway.http.post("/v1/sources/plain-source", content=b"unreadable " + uuid.uuid4().hex.encode())
    assert answer.status_code in {200, 202, 422}, answer.text
    await gateway.projected(topics.REVIEW)
