"""A family, invented, with a year behind it: what its agencies stated, what was changed and taken back, what is owed, and who is there."""

import hashlib
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.test_http import fresh
from tests.town import Town

TODAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOLDER = "childrens_social_care"
WORDS = "He said he knew where she parks, and that she would see."
CHILDS = "I hid under the bed.\nMummy cried."
GOOD = "Zoë laughed, ran to her mother and showed her the picture. The flat was warm and tidy."
FIRST, CORRECTED = "A bruise on the left arm.", "A bruise on the right arm; the doctor thinks of a fall."
UNSAID = "Asked about home she looked at the door and said nothing for a long while."


@dataclass(frozen=True)
class FamilyStory:
    """What stands: the id of the case and, by name, the ids of its alerts."""

    case_id: str
    alerts: dict[str, str]
    town: Town


def _number(case_id: str, who: str) -> dict[str, Any]:
    """An NHS number that is valid, invented, and nobody else's in a test."""
    seed = int.from_bytes(hashlib.sha256(f"{case_id} {who}".encode()).digest()[:8])
    for more in itertools.count():
        nine = f"43{(seed + more) % 10_000_000:07}"
        check = (11 - sum(int(digit) * (10 - n) for n, digit in enumerate(nine)) % 11) % 11
        if check < 10:
            return {"identifiers": [{"system": "nhs_number", "value": f"{nine}{check}"}]}
    raise AssertionError


def _person(case_id: str, key: str, given: str, born: str | None = None) -> dict[str, Any]:
    return {"key": key, "name": {"given": given, "family": "Ashdown"}, **({"born": born} if born else {}), **_number(case_id, key)}


def the_case(case_id: str) -> dict[str, Any]:
    worker = {"agency": HOLDER, "level": "worker", "team": "North"}
    return {
        "id": case_id,
        "contact": "Duty team, 01632 960001",
        "people": [
            _person(case_id, "zoe", "Zoë", "2018-04-12"),
            _person(case_id, "lukasz", "Łukasz", "2020-06-01"),
            _person(case_id, "sian", "Siân", "2026-09-01"),
            _person(case_id, "mother", "Wanda"),
            {"key": "man", "label": "Mother's ex-partner", **_number(case_id, "man")},
        ],
        "children": ["zoe", "lukasz", "sian"],
        "links": [
            {"person": "mother", "relation": "mother", "certainty": "confirmed", "in_household": True},
            {
                "person": "man",
                "relation": "ex_partner",
                "certainty": "reported",
                "source": "police",
                "in_household": False,
                "from": "2025-11-01",
            },
        ],
        "involvements": [
            {"agency": HOLDER, "from": "2025-11-01"},
            worker | {"worker": "Ada Canary", "from": "2025-11-01", "to": "2026-05-31"},
            worker | {"worker": "Jo Goldammer", "from": "2026-06-01"},
            {"agency": HOLDER, "level": "manager", "worker": "T. Manager", "from": "2025-11-01"},
            {"agency": "health_visiting", "from": "2025-11-01"},
            {"agency": "health_visiting", "level": "worker", "worker": "Hanna Visitor", "from": "2025-11-01"},
            {"agency": "school.124001", "from": "2025-11-01", "children": ["zoe"]},
            {"agency": "police", "from": "2025-11-01"},
            {"agency": "probation", "scope": "adult_linked", "adult": "man", "from": "2025-11-01"},
            {"agency": "midwifery", "from": "2026-02-01", "to": "2026-09-30"},
        ],
        "episodes": [{"type": "child_in_need_plan", "from": "2025-12-01", "children": ["zoe", "lukasz"]}],
    }


async def a_family(gateway: Any, case_id: str | None = None) -> FamilyStory:
    """State it all, by the stages that a bus has; the gateway's clock is then at `TODAY`."""
    case_id = case_id or fresh("north-")
    town, alerts = Town(gateway.inside.engine, datetime(2025, 11, 3, 9, tzinfo=UTC)), {}
    town.later_stands = True
    people = {
        one["key"]: {key: one[key] for key in ("name", "label", "born", "identifiers") if key in one} for one in the_case(case_id)["people"]
    }
    await town.put(the_case(case_id))

    async def said(name: str, source: str, kind: str, day: str, who: tuple[str, ...], text: str = "", **more: Any) -> None:
        town.now = datetime.fromisoformat(f"{day}T10:00:00+00:00")
        said_by = more.pop("said_by", "professional")
        body = {
            "id": f"{name}-{case_id}",
            "source": source,
            "kind": kind,
            "occurred_at": town.now - timedelta(hours=1),
            "recorded_at": town.now,
            "subjects": [{"person": people[one]} for one in who],
            "narrative": [{"text": text, "said_by": said_by, "observed_first_hand": True}] if text else [],
        }
        alerts.setdefault(name, (await town.state(body | more)).alert_id)

    await said("flag", "police", "violent_person_flag", "2025-11-10", ("man",), details={"flag": {"grade": "threat"}}, severity="high")
    await said(
        "good",
        "health_visiting",
        "other",
        "2025-12-04",
        ("zoe", "lukasz"),
        GOOD,
        severity="low",
        details={"contact": {"mode": "visit", "seen": ["zoe", "lukasz"], "seen_alone": ["zoe"]}},
    )
    await said("school", "school.124001", "school_concern", "2026-03-12", ("zoe",), CHILDS, said_by="child", severity="medium")
    await said("unsaid", "school.124001", "school_concern", "2026-03-19", ("zoe",), UNSAID, severity="medium")
    await said("bruise", "health_visiting", "other", "2026-04-02", ("lukasz",), FIRST, severity="medium")
    await said(
        "bruise-2",
        "health_visiting",
        "other",
        "2026-04-03",
        ("lukasz",),
        CORRECTED,
        severity="medium",
        action="amended",
        amends=f"bruise-{case_id}",
    )
    await said("wrong", "police", "drug_intelligence", "2026-04-20", ("mother",), "It was another flat.", severity="low")
    await said("wrong-2", "police", "drug_intelligence", "2026-04-22", ("mother",), action="withdrawn", amends=f"wrong-{case_id}")
    await said(
        "missed",
        "health_visiting",
        "non_engagement",
        "2026-05-05",
        ("mother", "lukasz"),
        severity="low",
        details={"contact": {"mode": "no_reply", "not_seen": ["lukasz"]}},
    )
    await said("release", "probation", "prisoner_recall", "2026-08-03", ("man",), severity="medium")
    await said("birth", "midwifery", "birth", "2026-09-02", ("sian",), severity="low")
    await said(
        "consent",
        HOLDER,
        "meeting",
        "2026-10-01",
        ("mother",),
        details={
            "meeting": {"type": "child_in_need", "state": "held"},
            "consent": {"plan": "child_in_need", "state": "given", "by": "mother"},
        },
    )
    await said(
        "ppn",
        "police",
        "ppn",
        "2026-11-18",
        ("zoe", "lukasz", "mother"),
        "Shouting heard by neighbours.",
        severity="high",
        details={"incident": {"children_present": True}},
    )
    await said("threat", "police", "threat_to_staff", "2026-11-20", ("man",), WORDS, severity="critical")
    town.now = TODAY
    await town.tick(case_id)
    gateway.inside.now.at = TODAY
    return FamilyStory(case_id, alerts, town)
