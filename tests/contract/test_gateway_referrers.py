"""The gateway takes no reference that may be a name, from a sender's alert or a source's message (NOT-01)."""

from datetime import UTC, datetime
from typing import Any

from alertbus.broker import topics
from alertbus.model import ids

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def test_not_01_a_name_in_place_of_a_reference_is_422_and_nothing_is_accepted(kafka: str, open_gateway: Any) -> None:
    alert: dict[str, Any] = {
        "id": "a name for a reference",
        "source": "school",
        "kind": "school_concern",
        "occurred_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
        "children": [{"label": "x"}],
        "referrer": {"anonymous": True, "reference": "Quillfeather"},
    }

    async with open_gateway(kafka, now=lambda: NOW) as gateway:
        answer = await gateway.http.post("/v1/alerts", json=alert)

        assert answer.status_code == 422
        assert [(fault["path"], fault["code"]) for fault in answer.json()["faults"]] == [("referrer.reference", "reference_may_be_name")]
        assert "Quillfeather" not in answer.text
        assert await gateway.records(topics.ALERTS, ids.alert_id(None, "school", alert["id"])) == []
