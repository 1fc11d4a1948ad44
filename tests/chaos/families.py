"""Invented families: their cases as snapshots, and alerts about their people. Pure; NHS numbers from the synthetic 999 range."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

PEOPLE = ("child", "mother", "partner", "uncle")
INVOLVED = ("childrens_social_care", "health_visiting", "school", "gp")

KINDS = ("other", "meeting", "non_engagement", "worker_change", "case_status_change")
"""Told once and over: they fill the load without filling every state with what still stands."""
STANDING = ("threat_to_staff", "prisoner_release", "nspcc_concern", "ppn")
UNKNOWN = "kind_that_nobody_knows"
SOURCES = ("police.northants", "school.oak", "health_visiting.north", "probation.east", "nspcc.helpline")


@dataclass(frozen=True, slots=True)
class Family:
    """One case as its social worker has it. Each change gives the next snapshot."""

    number: int
    midwife: bool = False
    uncle: bool = False
    housing: bool = True

    @property
    def case_id(self) -> str:
        return f"family-{self.number:04}"

    def snapshot(self, today: date) -> dict[str, Any]:
        start = (today - timedelta(days=60)).isoformat()
        keys = [key for key in PEOPLE if key != "uncle" or self.uncle]
        involved: list[dict[str, Any]] = [{"agency": agency, "from": start} for agency in INVOLVED]
        involved.append({"agency": "probation", "scope": "adult_linked", "adult": "partner", "from": start})
        if self.housing:
            involved.append({"agency": "housing", "scope": "plan_partner", "from": start})
        if self.midwife:
            involved.append({"agency": "midwifery", "from": today.isoformat()})
        links = [{"person": key, "relation": key, "certainty": "confirmed"} for key in keys if key != "child"]
        return {
            "id": self.case_id,
            "status": "child_in_need_plan",
            "people": [{"key": key, "label": f"{key} of {self.number}", "identifiers": [self.identifier(key)]} for key in keys],
            "children": ["child"],
            "links": links,
            "involvements": involved,
        }

    def identifier(self, key: str) -> dict[str, str]:
        return {"system": "nhs_number", "value": nhs_number(self.number * len(PEOPLE) + PEOPLE.index(key))}

    def changed(self, chance: random.Random) -> "Family":
        """Somebody joins, leaves, or is taken off; the same again later undoes it."""
        return replace(self, **{(name := chance.choice(("midwife", "uncle", "housing"))): not getattr(self, name)})


def nhs_number(count: int) -> str:
    """The `count`th valid number of the 999 range, which is never given to a person."""
    body = 999_000_000 + count * 7  # apart, so that a mistyped digit meets nobody
    while True:
        digits = [int(digit) for digit in str(body)]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return f"{body}{0 if check == 11 else check}"
        body += 1


@dataclass(slots=True)
class Alerts:
    """A stream of alerts about these families; now and then one is amended, taken back, or about somebody whom nobody knows."""

    chance: random.Random
    families: Sequence[Family]
    prefix: str
    _count: int = 0
    _open: list[Mapping[str, Any]] = field(default_factory=list)

    def raised(self, now: datetime) -> dict[str, Any]:
        """A new alert."""
        self._count += 1
        chance = self.chance
        draw = chance.random()
        kind = chance.choice(STANDING) if draw < 0.1 else UNKNOWN if draw < 0.12 else chance.choice(KINDS)
        stranger = chance.random() < 0.03
        family = chance.choice(self.families)
        who = chance.sample(("mother", "partner", "child"), chance.randint(1, 2))
        identifiers = [{"system": "nhs_number", "value": nhs_number(100_000 + self._count)}] if stranger else []
        people = [identifiers] if stranger else [[family.identifier(key)] for key in who]
        return {
            "id": f"{self.prefix}-{self._count:06}",
            "source": chance.choice(SOURCES),
            "kind": kind,
            "occurred_at": (now - timedelta(hours=2)).isoformat(),
            "recorded_at": (now - timedelta(hours=1)).isoformat(),
            "subjects": [{"person": {"identifiers": found}} for found in people],
            "narrative": [{"text": f"Invented statement {self._count}.", "said_by": "professional", "observed_first_hand": True}],
            "severity": chance.choice(("critical", "high", "medium", "low")),
        }

    def accepted(self, alert: Mapping[str, Any]) -> None:
        """It stands on the bus: from now on it may be amended or taken back."""
        if alert.get("action") != "withdrawn" and self.chance.random() < 0.12:
            self._open.append(alert)

    def next(self, now: datetime) -> dict[str, Any]:
        """The next statement: mostly of a new alert."""
        if self._open and self.chance.random() < 0.1:
            before = self._open.pop(self.chance.randrange(len(self._open)))
            self._count += 1
            text = f"Invented correction {self._count}."
            action = self.chance.choice(("amended", "withdrawn"))
            return {
                **before,
                "id": f"{self.prefix}-{self._count:06}",
                "amends": before.get("amends", before["id"]),
                "action": action,
                "narrative": [{"text": text, "said_by": "professional", "observed_first_hand": True}],
            }
        return self.raised(now)
