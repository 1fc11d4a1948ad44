"""A PostgreSQL of the bench's own on loopback, in a folder that goes with it, where PostgreSQL is installed."""

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertbus.bench.process import LOOK_S, PartDied, free_port
from alertbus.broker.child import stop

START_S = 60.0
GRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class BenchPostgres:
    url: str
    pid: int


def absent() -> str | None:
    """Why there can be none here, if there can be none."""
    lacking = [name for name in ("initdb", "postgres", "pg_isready") if _program(name) is None]
    return f"PostgreSQL is not installed (looked for {', '.join(lacking)})" if lacking else None


@contextlib.asynccontextmanager
async def bench_postgres() -> AsyncIterator[BenchPostgres]:
    """An empty database as PostgreSQL is set up when nobody tunes it. As root it runs as the user postgres, or nobody."""
    user = _user()
    password, port = secrets.token_hex(16), free_port()
    home = Path(tempfile.mkdtemp(prefix="alertbus-bench-postgres-"))
    try:
        (home / "password").write_text(password)
        for path in (home, home / "password"):
            if user:
                shutil.chown(path, user)
        make = [str(_program("initdb")), *f"-D {home}/data -U bus -A scram-sha-256 --pwfile {home}/password -E UTF8 --no-locale".split()]
        await asyncio.to_thread(subprocess.run, make, user=user, cwd=home, check=True, capture_output=True)
        serve = [str(_program("postgres")), *f"-D {home}/data -h 127.0.0.1 -p {port} -c unix_socket_directories=".split()]
        server = await asyncio.to_thread(_start, serve, user, home)
        try:
            await _ready(server, port)
            yield BenchPostgres(f"postgresql://bus:{password}@127.0.0.1:{port}/postgres", server.pid)
        finally:
            server.send_signal(signal.SIGINT)  # its "fast" stop: open connections are ended
            await stop(server, GRACE_S)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(command: Sequence[str], user: str | None, home: Path) -> subprocess.Popen[bytes]:
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603  the command is ours
        command, user=user, cwd=home, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


async def _ready(server: subprocess.Popen[bytes], port: int) -> None:
    asked = [str(_program("pg_isready")), *f"-q -h 127.0.0.1 -p {port}".split()]
    async with asyncio.timeout(START_S):
        while (await asyncio.to_thread(subprocess.run, asked, check=False)).returncode != 0:
            if server.poll() is not None:
                raise PartDied(f"PostgreSQL ended at once with {server.returncode}")
            await asyncio.sleep(LOOK_S)


def _program(name: str) -> str | None:
    """On the path, or where Debian keeps them, the newest first."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    return shutil.which(name) or (str(kept[0]) if kept else None)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
