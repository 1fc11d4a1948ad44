"""Where a bus runs on this machine: written by `up` into the data folder, read by every other command. Holds addresses and pids only."""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from alertbus.broker.access import LOCAL_USER, Brokers
from alertbus.door_settings import Principal
from alertbus.model.errors import BrokerUnavailable
from alertbus.settings import Settings

NAME = "bus.json"
LOCAL_BROKER = "broker"
"""The local broker's name among the processes of a bus."""

LATELY = timedelta(minutes=10)
AGAIN_AND_AGAIN = 3
"""Deaths of one part within `LATELY`. Chosen: whoever restarts a broker or a database sees one or two, and they stop by themselves."""

REMEMBERED_DEATHS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the bus; how often it was started again since the bus came up, and when it last died, the latest last."""

    name: str
    pid: int
    restarts: int = 0
    died_at: tuple[str, ...] = ()

    def dies_again_and_again(self, now: datetime) -> int:
        """How often it died lately, if that is so often that it does no work between; else 0."""
        lately = sum(datetime.fromisoformat(at) > now - LATELY for at in self.died_at)
        return lately if lately >= AGAIN_AND_AGAIN else 0


@dataclass(frozen=True, slots=True)
class BusFile:
    """A running bus: what a client needs to reach it, and what an operator needs to see its processes."""

    pid: int
    bootstrap: str
    url: str
    data_dir: str
    database_url: str
    broker_password_file: str | None = None
    """Of a local broker that is closed to other users of the machine."""
    parts: tuple[Part, ...] = field(default=())

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{NAME}.{os.getpid()}"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(folder / NAME)


def read_bus_file(settings: Settings) -> BusFile | None:
    """The bus of this data folder, if its supervisor is alive."""
    try:
        data = json.loads((settings.data_dir / NAME).read_text(encoding="utf-8"))
        found = BusFile(**{**data, "parts": tuple(Part(**{**part, "died_at": tuple(part.get("died_at", ()))}) for part in data["parts"])})
        os.kill(found.pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def remove_bus_file(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)


def bootstrap_servers(settings: Settings, principal: Principal = "operations") -> Brokers:
    """The broker, as whoever asks is known there: the one set, else the one of the bus that runs on this machine."""
    found = on_this_bus(settings)
    return Brokers(found.bootstrap_servers or "", found.access(principal))


def on_this_bus(settings: Settings) -> Settings:
    """The settings, with the broker of this machine's bus where none is set, or that very one. Raises `BrokerUnavailable`."""
    running = read_bus_file(settings)
    if settings.bootstrap_servers not in {None, running.bootstrap if running else None}:
        return settings
    if running is None:
        raise BrokerUnavailable(
            "no broker: ALERTBUS_BOOTSTRAP_SERVERS is not set and no bus runs on this machine's data folder. "
            "Start one with `alertbus up`, or set ALERTBUS_BOOTSTRAP_SERVERS=host:port."
        )
    if any(part.name == LOCAL_BROKER for part in running.parts):
        return at_local_broker(settings, running.bootstrap, running.broker_password_file)
    return settings.model_copy(update={"bootstrap_servers": running.bootstrap})


def at_local_broker(settings: Settings, bootstrap: str, password_file: str | Path | None) -> Settings:
    """The settings, with a local broker for Kafka: everybody comes to it by one name, and what was set for another Kafka does not count."""
    closed = password_file is not None
    return settings.model_copy(
        update={
            "bootstrap_servers": str(bootstrap),
            "kafka_security_protocol": "SASL_PLAINTEXT" if closed else "PLAINTEXT",
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_user": LOCAL_USER if closed else None,
            "kafka_password_file": Path(password_file) if password_file is not None else None,
            "kafka_principals": {},
        }
    )
