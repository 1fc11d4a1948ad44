"""Starts the local broker that this machine can have: Apache Kafka if possible, else the one that keeps nothing; and says why."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from alertbus.broker.faults import BrokerFault
from alertbus.broker.in_memory import BANNER, MemoryBroker
from alertbus.broker.jars import KAFKA_VERSION, Java, cached_jars, find_java, find_maven, resolve_jars
from alertbus.broker.local import LocalKafka, records_folder


class Broker(Protocol):
    @property
    def keeps_nothing(self) -> bool: ...
    @property
    def bootstrap(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def alive(self) -> bool: ...
    @property
    def password_file(self) -> Path | None: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    broker: Broker
    why: str
    banner: str | None = None
    """To be shown, whole, wherever somebody might take this for the real thing."""


async def start_local(data_dir: Path, *, port: int = 0, closed: bool = True, progress: Callable[[str], None] = lambda _: None) -> Chosen:
    """Start one and return it. A Kafka that could run but does not start is a fault, never a reason to keep nothing.

    `closed`: only who can read this data folder is let in. The one that keeps nothing is always open.
    """
    java, lack = await asyncio.to_thread(_means, progress)
    if java is not None:
        kafka = LocalKafka(data_dir, port=port, java=java, closed=closed, progress=progress)
        await kafka.start()
        runtime = f"Java {java.version} ({java.origin})"
        return Chosen(kafka, f"Apache Kafka {KAFKA_VERSION} on {runtime}, records in {kafka.data_dir}")
    if records_folder(data_dir).exists():
        raise BrokerFault(
            f"{data_dir} holds the records of a Kafka, but {lack}",
            "Install what is missing (apt-get install default-jre-headless maven), or give an empty folder.",
        )
    memory = MemoryBroker()
    await memory.start()
    return Chosen(memory, f"in memory, because {lack}", BANNER)


def _means(progress: Callable[[str], None]) -> tuple[Java | None, str]:
    java = find_java()
    if java is None:
        return None, "there is no Java 17 or newer"
    if cached_jars() is None and find_maven() is None:
        return None, "Kafka's jars are not cached and there is no Maven to fetch them"
    try:
        resolve_jars(progress)
    except BrokerFault as fault:
        return None, fault.what
    return java, ""
