"""Apache Kafka for one machine: a single KRaft node as a child process on loopback, its records in a folder we keep.

Starting again on the same folder finds everything again. Nothing is replicated: a cluster is somebody else's work, and
`ALERTBUS_BOOTSTRAP_SERVERS` then points there.
"""

import asyncio
import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from alertbus.broker import child
from alertbus.broker.access import LOCAL_USER, Access, Brokers
from alertbus.broker.faults import BrokerFault
from alertbus.broker.jars import Java, need_java, resolve_jars
from alertbus.broker.topics import reachable

_HOST = "127.0.0.1"
_START_LIMIT_S = 120.0  # 3 s on an idle machine, 25 s seen on a busy one
_STOP_GRACE_S = 20.0
_ORDERLY = (0, 128 + signal.SIGTERM)
"""Exit codes of a Java that ended by itself, at the end of its work or when it was asked to."""

# One machine's broker, beside everything else on it. With the serial collector, fewer threads and a smaller buffer for compaction than
# Kafka would take for a server, it had 209 MB of its own where it had 306, and 74 threads where it had 105. With the quick compiler alone
# (TieredStopAtLevel) it had 183 MB, and took 0.5 to 0.8 ms for a write of seven records in its first half minute, where it took 1.5 to 1.9:
# the slow one's work was half of that, and is seldom earned back at a county's rate.
_HEAP = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)

# Replication is 1 throughout: there is one node. Retention is "for ever" where Kafka would otherwise forget: records
# after a week, and the offsets of a group that was away for a week, which would then read everything again.
# After a SIGKILL the controller waits for the dead broker's session before it takes the new one: 3 s instead of 9.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=BUS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BUS://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BUS
listener.security.protocol.map=BUS:{protocol},CONTROLLER:{protocol}
log.dirs={records}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=12
offsets.retention.minutes=52560000
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=2
background.threads=2
group.coordinator.threads=1
message.max.bytes=1048588
socket.request.max.bytes=104857600
"""

# Loopback is no door: every user of the machine reaches it. One name and one password, which stand in the folder, for both listeners;
# PLAIN, because it needs nothing in the records and so suits a folder that was made before there was a password.
_CLOSED = """\
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.bus.plain.sasl.jaas.config={login}
listener.name.controller.plain.sasl.jaas.config={login}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
"""

_LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{user}" password="{word}" user_{user}="{word}";'

_FOR_TOOLS = """\
# For a look with kcat: kcat -F {path} -t alertbus.alerts -C -e
bootstrap.servers={servers}
security.protocol=SASL_PLAINTEXT
sasl.mechanisms=PLAIN
sasl.username={user}
sasl.password={word}
"""

_LOGGING = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{ISO8601}} %p %c{{1}}: %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
"""


class LocalKafka:
    """`start` and `stop` may alternate; the port stays the same from the first start, so that clients find it again."""

    keeps_nothing = False

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        java: Java | None = None,
        closed: bool = False,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Name the place. `port` 0 picks a free one; `data_dir` is made if missing; nothing else may write in it.

        `closed` lets in only who knows the password in `password_file`, which is made at the first start.
        """
        self.data_dir = data_dir.absolute()
        self._port = port
        self._java = java
        self._closed = closed
        self._progress = progress
        self._child: subprocess.Popen[bytes] | None = None
        self._archive_draft: Path | None = None

    @property
    def bootstrap(self) -> str:
        """Give host:port, known from the first start on."""
        if not self._port:
            raise BrokerFault("the local broker has no port yet", "Start it first.")
        servers = f"{_HOST}:{self._port}"
        return Brokers(servers, local_access(self.password_file)) if self.password_file else servers

    @property
    def password_file(self) -> Path | None:
        return self.data_dir / "broker.password" if self._closed else None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def log(self) -> Path:
        return self.data_dir / "broker.log"

    async def start(self) -> None:
        """Return when the broker answers a metadata request. Do nothing when it already runs.

        The broker dies with the thread that runs this event loop (see `child.py`): in practice, with this process.
        """
        if self.alive:
            return
        jars = await asyncio.to_thread(resolve_jars, self._progress)
        java = self._java if self._java is not None else await asyncio.to_thread(need_java)
        self._java = java
        if self._port and _taken(self._port):
            raise BrokerFault(f"port {self._port} on {_HOST} is taken", "Stop what listens there, or give another port.")
        self._port, controller_port = _free_ports(self._port)
        await asyncio.to_thread(self._prepare, java, jars, controller_port)
        with (self.data_dir / "broker.out").open("wb") as out:
            self._child = child.spawn(
                self._java_command(java, jars, "kafka.Kafka", str(self.data_dir / "server.properties"), archive=True),
                stdout=out,
                stderr=out,
            )
        try:
            await self._answers()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Return when the process is gone. Harmless when it is not running."""
        if self._child is not None:
            await child.stop(self._child, _STOP_GRACE_S)
            self._keep_archive(self._child.returncode)
            self._child = None

    async def _answers(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline:
            if not self.alive:
                raise BrokerFault(
                    f"the local Kafka ended while starting: {self._last_words()}",
                    f"Read {self.log} and broker.out beside it.",
                )
            if await reachable(self.bootstrap, 5.0):
                return
            await asyncio.sleep(0.05)
        raise BrokerFault(f"the local Kafka did not answer on {self.bootstrap} in {_START_LIMIT_S:.0f} s", f"Read {self.log}.")

    def _last_words(self) -> str:
        for file in (self.log, self.data_dir / "broker.out"):
            lines = file.read_text(errors="replace").splitlines() if file.is_file() else []
            errors = [line for line in lines[-200:] if " ERROR " in line or " FATAL " in line or "Exception" in line]
            if errors:
                return errors[0][:300]
        return "it left no word"

    def _prepare(self, java: Java, jars: Path, controller_port: int) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        records = records_folder(self.data_dir)
        place = {"host": _HOST, "port": self._port, "controller_port": controller_port}
        form = _SETTINGS.replace("{protocol}", "SASL_PLAINTEXT" if self._closed else "PLAINTEXT")
        if self.password_file is not None:
            word = _kept_word(self.password_file)
            form += _CLOSED.replace("{login}", _LOGIN.format(user=LOCAL_USER, word=word))
            tools = self.data_dir / "kcat.conf"
            _write_private(tools, _FOR_TOOLS.format(path=tools, servers=str(self.bootstrap), user=LOCAL_USER, word=word))
        _write_private(self.data_dir / "server.properties", form.format(records=records, **place))
        (self.data_dir / "log4j2.properties").write_text(_LOGGING.format(log=self.log))
        if records.exists():
            return
        # Formatted under another name first: a half-formatted folder would never start, and never be formatted again.
        draft = self.data_dir / "records.formatting"
        shutil.rmtree(draft, ignore_errors=True)
        settings = self.data_dir / "format.properties"
        _write_private(settings, form.format(records=draft, **place))
        command = self._java_command(java, jars, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(settings))
        done = subprocess.run(command, capture_output=True, text=True, timeout=_START_LIMIT_S, check=False)  # noqa: S603  ours
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise BrokerFault(f"Kafka could not format {records}: {' '.join(said)[:300]}", "Give a folder that can be written to.")
        settings.unlink()
        draft.rename(records)

    def _java_command(self, java: Java, jars: Path, *main: str, archive: bool = False) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.properties'}"
        return [str(java.path), *_HEAP, *self._class_archive(java, jars, make=archive), logging, "-cp", f"{jars}{os.sep}*", *main]

    def _class_archive(self, java: Java, jars: Path, *, make: bool) -> tuple[str, ...]:
        """Flags for Java's archive of loaded classes, kept beside the jars: with it the broker answers in half the time.

        The first broker on these jars and this Java makes it when it stops, which takes that stop some seconds longer.
        Java passes over an archive that does not fit.
        """
        archive = jars.parent / f"{jars.name}-java{java.version}.jsa"
        if archive.exists():
            return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto")
        if not make or not os.access(jars.parent, os.W_OK):
            return ()
        self._archive_draft = archive.with_suffix(f".{os.getpid()}-{self._port}")
        return (f"-XX:ArchiveClassesAtExit={self._archive_draft}",)

    def _keep_archive(self, exit_code: int | None) -> None:
        """Keep the archive that an orderly end has written; what a broker that was killed had begun to write is no archive."""
        draft, self._archive_draft = self._archive_draft, None
        if draft is None or not draft.exists():
            return
        if exit_code in _ORDERLY:
            draft.replace(draft.with_suffix(".jsa"))
        else:
            draft.unlink()


def records_folder(data_dir: Path) -> Path:
    """Name the folder where a local Kafka on `data_dir` keeps its records; it exists once there has been one."""
    return data_dir.absolute() / "records"


def local_access(password_file: Path) -> Access:
    """The way into a local broker that is closed. The password does not leave the machine: nothing else listens but loopback."""
    return Access("SASL_PLAINTEXT", mechanism="PLAIN", user=LOCAL_USER, password=password_file.read_text("utf-8").strip())


def _kept_word(file: Path) -> str:
    """The password in the file, made where there is none, for the owner's eyes alone."""
    if not file.exists():
        _write_private(file, f"{secrets.token_urlsafe(32)}\n")
    return file.read_text("utf-8").strip()


def _write_private(file: Path, text: str) -> None:
    """Write it whole or not at all, and never for others to read, whatever mode an earlier one had."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, "utf-8")
    draft.replace(file)


def _cluster_id() -> str:
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # the format tool would take it for an option
            return text


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return True
    return False


def _free_ports(wanted: int) -> tuple[int, int]:
    """Find a broker and a controller port, holding both until both are known, so that they differ."""
    with socket.socket() as one, socket.socket() as two:
        one.bind((_HOST, 0))
        two.bind((_HOST, 0))
        return wanted or one.getsockname()[1], two.getsockname()[1]
