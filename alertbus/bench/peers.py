"""The same join in other frameworks, written the usual way (`bench/peers/` of a checkout), in the same run and on the same broker.

Each peer is fed simple JSON of the sizes our own records had, and keeps links, involvements and alerts as we do, over two hops: it has no
identify stage, builds no minimised notice, and reads no CloudEvent. In a second row it is fed our own records and calls our own reducers:
the engine's share and the domain's stand apart. Its runs alternate with those of a floor of the same two hops, and in
the end its obligations, all of them, are compared with the set that must be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alertbus.bench.bench_broker import bench_broker
from alertbus.bench.county import AGENCIES
from alertbus.bench.figures import Pair
from alertbus.bench.floor_plan import FLOOR_TOPICS, floor_topic, plan_of, start_floor
from alertbus.bench.log_ends import Shape
from alertbus.bench.peer_feeds import DomainFeed, Feed, PlainFeed
from alertbus.bench.process import BenchParts
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.topics import TopicSpec
from alertbus.model.errors import BusError

CHECKOUT = Path(__file__).parents[2]
"""The repository this package was checked out with. An installed wheel has none, and then `missing` says so."""

PROGRAMS = CHECKOUT / "bench" / "peers"
PYTHON = CHECKOUT / ".venv-peers" / "bin" / "python"
START_S = 180.0


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
    reducers: bool = False
    """It calls the bus's own reducers, on the bus's own records."""

    def with_our_reducers(self) -> "Peer":
        """The same framework, used and promising the same, as a second row: it and the bus differ in their engine alone."""
        name = f"{self.name}-domain"
        changelogs = tuple(topic.replace(f"peer-{self.name}-", f"peer-{name}-") for topic in self.changelogs)
        return replace(self, name=name, program=f"{self.name}_domain.py", changelogs=changelogs, reducers=True)


PLAIN = (
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

PEERS = tuple(row for peer in PLAIN for row in (peer, peer.with_our_reducers()))

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
    feed = _feed(peer, families, shapes)
    own = [TopicSpec(f"{feed.prefix}.{name}", "retain", "key", "JSON") for name in ("person-events", "case-events", "obligations")]
    said = own[-1].name
    changelogs = [TopicSpec(name, "compact", "key", "state") for name in peer.changelogs]
    bus_code = {"PYTHONPATH": str(CHECKOUT)}
    async with (
        bench_broker(folder, (*own, *changelogs, *FLOOR_TOPICS)) as broker,
        BenchParts(broker.folder, broker.bootstrap, bus_code) as parts,
    ):
        floor = await start_floor(parts, plan_of(broker.bootstrap, shapes, first=topics.PERSON_EVENTS))
        words = (broker.bootstrap, feed.prefix, str(broker.folder / "state"), str(feed.because_bytes))
        running = parts.run(peer.name, str(PROGRAMS / peer.program), *words, python=str(PYTHON))
        await broker.producer.send_all(feed.settling())
        await broker.log.until(said, families * len(AGENCIES), [running], patience_s=START_S)
        pairs = []
        for _ in range(runs + 1):  # the first warms up both sides
            batch = feed.alerts(alerts)
            theirs = await broker.timed(batch, said, [running], patience_s=START_S)
            copied = [replace(record, topic=floor_topic(topics.PERSON_EVENTS)) for record in batch]
            pairs.append(Pair(theirs.per_s, (await broker.timed(copied, floor_topic(topics.NOTICES), [floor])).per_s))
        await running.stop()
        await check(broker.bootstrap, said, feed, peer.name)
        return PeerMeasured(peer, tuple(pairs[1:]))


def _feed(peer: Peer, families: int, shapes: Sequence[Shape]) -> Feed:
    prefix = f"peer-{peer.name}"
    return DomainFeed(prefix, families) if peer.reducers else PlainFeed.of(prefix, families, shapes)


async def check(bootstrap: str, topic: str, feed: Feed, name: str) -> None:
    """Compare every obligation on the topic with the set that must be there; one that is written twice counts once."""
    expected = feed.expected()
    found = {feed.read(record.value or b"{}") async for record in read_all(bootstrap, (topic,))}
    if found != expected:
        lacking, extra = len(expected - found), len(found - expected)
        raise WrongObligations(
            f"{name}: {lacking} of {len(expected)} obligations are missing and {extra} are too many: its rate says nothing"
        )
