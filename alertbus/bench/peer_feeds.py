"""What the peers are fed, and what must come of it: bare JSON of our records' sizes, or our own records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from alertbus.bench import county
from alertbus.bench.county import AGENCIES
from alertbus.bench.log_ends import Shape
from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.model.alert import AcceptedAlert
from alertbus.wire import records

PeerObligation = tuple[str, str, str]
"""Alert, case, agency."""


class Feed(Protocol):
    """Records for one peer, and what must come of them."""

    @property
    def prefix(self) -> str:
        """Its topics' names begin so."""
        ...

    @property
    def because_bytes(self) -> int:
        """What a plain obligation says beside the alert."""
        ...

    def settling(self) -> list[Record]:
        """Links, involvements and one alert of each family, in every order."""
        ...

    def alerts(self, count: int) -> list[Record]:
        """So many alerts more, one family's after the other."""
        ...

    def expected(self) -> set[PeerObligation]:
        """What must be owed for all alerts so far."""
        ...

    def read(self, value: bytes) -> PeerObligation:
        """One of the peer's outputs."""
        ...


@dataclass(slots=True)
class PlainFeed:
    """Bare JSON of our own records' sizes. Persons and cases are named by their number."""

    prefix: str
    families: int
    person_event_bytes: int
    notice_bytes: int

    told: int = 0

    @classmethod
    def of(cls, prefix: str, families: int, shapes: Sequence[Shape]) -> "PlainFeed":
        sizes = {shape.topic: shape.record_bytes for shape in shapes}
        return cls(prefix, families, sizes[topics.PERSON_EVENTS], sizes[topics.NOTICES])

    def alerts(self, count: int) -> list[Record]:
        first, self.told = self.told, self.told + count
        return [self._alert(number) for number in range(first, self.told)]

    def settling(self) -> list[Record]:
        """In a third of the families the link comes last, in a third an involvement."""
        out: list[Record] = []
        for family, alert in enumerate(self.alerts(self.families)):
            linked = self._record("person-events", _person(family), {"type": "linked", "person": _person(family), "case": _case(family)})
            involved = [
                self._record("case-events", _case(family), {"type": "involved", "case": _case(family), "agency": agency})
                for agency in AGENCIES
            ]
            order = {0: [linked, *involved, alert], 1: [alert, *involved, linked]}
            out += order.get(family % 3, [linked, alert, *involved])
        return out

    def expected(self) -> set[PeerObligation]:
        return {(f"alert-{number}", _case(number % self.families), agency) for number in range(self.told) for agency in AGENCIES}

    def read(self, value: bytes) -> PeerObligation:
        found = json.loads(value)
        return found["alert"], found["case"], found["agency"]

    @property
    def because_bytes(self) -> int:
        """What a notice says beside the alert, so that an obligation has the size of our notice."""
        body = len(self._body("alert-00000"))
        plain = {"alert": "alert-00000", "case": _case(0), "agency": "health_visiting", "body": "", "because": ""}
        return max(0, self.notice_bytes - len(json.dumps(plain)) - body - len("health_visiting/") - len(_case(0)))

    def _alert(self, number: int) -> Record:
        alert = f"alert-{number}"
        person = _person(number % self.families)
        return self._record("person-events", person, {"type": "alert", "person": person, "alert": alert, "body": self._body(alert)})

    def _body(self, alert: str) -> str:
        plain = json.dumps({"type": "alert", "person": _person(0), "alert": alert, "body": ""})
        return "x" * max(0, self.person_event_bytes - len(plain) - len(_person(0)))

    def _record(self, topic: str, key: str, value: dict[str, str]) -> Record:
        return Record(f"{self.prefix}.{topic}", key.encode(), json.dumps(value).encode())


@dataclass(slots=True)
class DomainFeed:
    """The bus's own records: what the gateway and the identify stage would write on these topics."""

    prefix: str
    families: int
    stated: list[tuple[str, int]] = field(default_factory=list)
    """Each alert's id, and its family."""
    because_bytes: int = 0

    def settling(self) -> list[Record]:
        """In a third of the families the links come last, in a third the case."""
        out: list[Record] = []
        at = datetime.now(UTC)
        for family, alert in enumerate(self.alerts(self.families)):
            snapshot = county.case_of(family).with_implied_links()
            people = tuple(person.model_copy(update={"person_ids": (_person_id(family),)}) for person in snapshot.people)
            changed, *linked = map(self._on_own_topic, county.told_of(snapshot.model_copy(update={"people": people}).learned(None, at), at))
            order = {0: [*linked, changed, alert], 1: [alert, changed, *linked]}
            out += order.get(family % 3, [*linked, alert, changed])
        return out

    def alerts(self, count: int) -> list[Record]:
        at = datetime.now(UTC)
        return [self._alert(number % self.families, at) for number in range(len(self.stated), len(self.stated) + count)]

    def expected(self) -> set[PeerObligation]:
        return {(alert_id, county.case_id(family), agency) for alert_id, family in self.stated for agency in AGENCIES}

    def read(self, value: bytes) -> PeerObligation:
        found = json.loads(value)["obligation"]
        return found["alert_id"], found["case_id"], found["agency"]

    def _alert(self, family: int, at: datetime) -> Record:
        found = AcceptedAlert.of(county.alert_about(family), at).with_people(((_person_id(family),),))
        self.stated.append((found.alert_id, family))
        return self._on_own_topic(records.alert_about_people(found, [_person_id(family)])[0])

    def _on_own_topic(self, record: Record) -> Record:
        return replace(record, topic=f"{self.prefix}.{record.topic.removeprefix('alertbus.')}")


def _person_id(family: int) -> str:
    return str(UUID(int=family))


def _person(family: int) -> str:
    return f"person-{family:06}"


def _case(family: int) -> str:
    return f"case-{family:06}"
