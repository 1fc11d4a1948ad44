"""The same join in other frameworks, written the usual way (`bench/peers/` of a checkout), in the same run and on the same broker.

Each peer is fed simple JSON of the sizes our own records had, and keeps links, involvements and alerts as we do, over two hops: it has no
identify stage, builds no minimised notice, and reads no CloudEvent. Its runs alternate with those of a floor of the same two hops, and in
the end its obligations, all of them, are compared with the set that must be there.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alertbus.bench.bench_broker import bench_broker
from alertbus.bench.county import AGENCIES
from alertbus.bench.figures import Pair
from alertbus.bench.floor_plan import FLOOR_TOPICS, floor_topic, plan_of, start_floor
from alertbus.bench.log_ends import Shape
from alertbus.bench.process import BenchParts
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.record import Record
from alertbus.broker.topics import TopicSpec
from alertbus.model.errors import BusError

CHECKOUT = Path(__file__).parents[2]
"""The repository this package was checked out with. An installed wheel has none, and then `missing` says so."""

PROGRAMS = CHECKOUT / "bench" / "peers"
PYTHON = CHECKOUT / ".venv-peers" / "bin" / "python"
START_S = 180.0

PeerObligation = tuple[str, str, str]
"""Alert, case, agency."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A framework, its program, and what it promises when used so (read in its own code, at the versions locked)."""

    name: str
    program: str
    acks: str
    commits: str
    lost_at_sigkill: str
    changelogs: tuple[str, ...] = ()
    """Topics that must be there before it starts: Faust fails on its first record when it has only just asked for them."""


PEERS = (
    Peer(
        "faust",
        "faust_plain.py",
        acks="all, not idempotent",
        commits="every 2.8 s, whether or not the sends of what is committed were acknowledged",
        lost_at_sigkill="outputs and table changes still in the producer's buffer though their input is committed",
        changelogs=("peer-faust-persons-changelog", "peer-faust-cases-changelog"),
    ),
    Peer(
        "quix",
        "quix_stateful.py",
        acks="all, idempotent",
        commits="every 5 s, behind a flush of outputs and changelog",
        lost_at_sigkill="nothing; up to 5 s of inputs are done again",
    ),
    Peer(
        "faststream",
        "faststream_dict.py",
        acks="1, not idempotent",
        commits="every 5 s as soon as read, before they are worked on",
        lost_at_sigkill="the whole state, and what was read and not yet published",
    ),
)

OURS = {
    "acks": "all, idempotent",
    "commits": "every 0.3 s, strictly in order behind the acknowledgement of outputs, then states",
    "lost_at_sigkill": "nothing; inputs since the last commit are done again, with the same ids",
}


class WrongObligations(BusError):
    code = "bench_wrong_obligations"


@dataclass(frozen=True, slots=True)
class PeerMeasured:
    """A peer's runs with the two-hop floor's, or why there are none."""

    peer: Peer
    pairs: tuple[Pair, ...] = ()
    absent: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """Records for one peer, of our own records' sizes. Persons and cases are named by their number."""

    prefix: str
    families: int
    person_event_bytes: int
    notice_bytes: int

    @classmethod
    def of(cls, prefix: str, families: int, shapes: Sequence[Shape]) -> "Feed":
        sizes = {shape.topic: shape.record_bytes for shape in shapes}
        return cls(prefix, families, sizes[topics.PERSON_EVENTS], sizes[topics.NOTICES])

    def alerts(self, first: int, count: int) -> list[Record]:
        return [self._alert(number) for number in range(first, first + count)]

    def settling(self) -> list[Record]:
        """Links, involvements and one alert of each family, in every order: in a third the link comes last, in a third an involvement."""
        out: list[Record] = []
        for family in range(self.families):
            linked = self._record("person-events", _person(family), {"type": "linked", "person": _person(family), "case": _case(family)})
            involved = [
                self._record("case-events", _case(family), {"type": "involved", "case": _case(family), "agency": agency})
                for agency in AGENCIES
            ]
            order = {0: [linked, *involved, self._alert(family)], 1: [self._alert(family), *involved, linked]}
            out += order.get(family % 3, [linked, self._alert(family), *involved])
        return out

    def expected(self, alerts: int) -> set[PeerObligation]:
        """What must be owed once alerts 0 to `alerts` have been fed."""
        return {(f"alert-{number}", _case(number % self.families), agency) for number in range(alerts) for agency in AGENCIES}

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


def _person(family: int) -> str:
    return f"person-{family:06}"


def _case(family: int) -> str:
    return f"case-{family:06}"


async def peers(
    folder: Path, shapes: Sequence[Shape], *, alerts: int, families: int, runs: int, wanted: Sequence[Peer] = PEERS
) -> list[PeerMeasured]:
    """Each peer in turn, alone with the floor. Raises `WrongObligations` if one of them does not give exactly the obligations it must."""
    if (absent := missing()) is not None:
        return [PeerMeasured(peer, absent=absent) for peer in wanted]
    return [await _measure(peer, folder / peer.name, shapes, alerts=alerts, families=families, runs=runs) for peer in wanted]


def missing() -> str | None:
    """Why peers cannot be measured here, if they cannot."""
    if not PROGRAMS.is_dir():
        return "their programs are in bench/peers of a checkout, not in the installed package. Run `make bench` in a checkout."
    if not PYTHON.exists():
        return "their environment is not installed. `make bench` installs it."
    return None


async def _measure(peer: Peer, folder: Path, shapes: Sequence[Shape], *, alerts: int, families: int, runs: int) -> PeerMeasured:
    feed = Feed.of(f"peer-{peer.name}", families, shapes)
    own = [TopicSpec(f"{feed.prefix}.{name}", "retain", "key", "JSON") for name in ("person-events", "case-events", "obligations")]
    said = own[-1].name
    changelogs = [TopicSpec(name, "compact", "key", "state") for name in peer.changelogs]
    async with bench_broker(folder, (*own, *changelogs, *FLOOR_TOPICS)) as broker, BenchParts(broker.folder, broker.bootstrap) as parts:
        floor = await start_floor(parts, plan_of(broker.bootstrap, shapes, first=topics.PERSON_EVENTS))
        words = (broker.bootstrap, feed.prefix, str(broker.folder / "state"), str(feed.because_bytes))
        running = parts.run(peer.name, str(PROGRAMS / peer.program), *words, python=str(PYTHON))
        await broker.producer.send_all(feed.settling())
        await broker.log.until(said, families * len(AGENCIES), [running], patience_s=START_S)
        told, pairs = families, []
        for _ in range(runs + 1):  # the first warms up both sides
            batch = feed.alerts(told, alerts)
            told += alerts
            theirs = await broker.timed(batch, said, [running], patience_s=START_S)
            copied = [replace(record, topic=floor_topic(topics.PERSON_EVENTS)) for record in batch]
            pairs.append(Pair(theirs.per_s, (await broker.timed(copied, floor_topic(topics.NOTICES), [floor])).per_s))
        await running.stop()
        await check(broker.bootstrap, said, feed.expected(told), peer.name)
        return PeerMeasured(peer, tuple(pairs[1:]))


async def check(bootstrap: str, topic: str, expected: set[PeerObligation], name: str) -> None:
    """Compare every obligation on the topic with the set that must be there; one that is written twice counts once."""
    found = {obligation async for obligation in _obligations(bootstrap, topic)}
    if found != expected:
        lacking, extra = len(expected - found), len(found - expected)
        raise WrongObligations(
            f"{name}: {lacking} of {len(expected)} obligations are missing and {extra} are too many: its rate says nothing"
        )


async def _obligations(bootstrap: str, topic: str) -> AsyncIterator[PeerObligation]:
    async for record in read_all(bootstrap, (topic,)):
        value = json.loads(record.value or b"{}")
        yield value["alert"], value["case"], value["agency"]
