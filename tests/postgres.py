"""A real PostgreSQL for tests: a child process on a free port of this machine, in a folder that goes with it.

`postgres_url` lives as long as the test session; `postgres_database` is an empty database for one test. Both skip where
PostgreSQL is not installed. As root, the server runs as the user postgres (or nobody), because it refuses to be root.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine


def binary(name: str) -> str | None:
    """Find one of PostgreSQL's programs: on the path, or where Debian keeps them, the newest first."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    return shutil.which(name) or (str(kept[0]) if kept else None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    initdb, postgres, ready = binary("initdb"), binary("postgres"), binary("pg_isready")
    if not initdb or not postgres or not ready:
        pytest.skip("PostgreSQL is not installed (looked for initdb, postgres and pg_isready)")
    user = _user()
    password = secrets.token_hex(16)
    # Not under pytest's own folder, which only its owner may enter.
    home = Path(tempfile.mkdtemp(prefix="alertbus-postgres-"))
    try:
        (home / "password").write_text(password)
        if user:
            shutil.chown(home, user)
            shutil.chown(home / "password", user)
        subprocess.run(
            f"{initdb} -D data -U bus -A scram-sha-256 --pwfile password -E UTF8 --no-locale --no-sync".split(),
            user=user,
            cwd=home,
            check=True,
            capture_output=True,
        )
        port = _free_port()
        server = subprocess.Popen(
            f"{postgres} -D data -h 127.0.0.1 -p {port} -c unix_socket_directories= -c timezone=Europe/London".split(),
            user=user,
            cwd=home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(server, ready, port)
            yield f"postgresql+asyncpg://bus:{password}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": open connections are ended
            server.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    admin = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], ready: str, port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"postgres ended at once with exit code {server.returncode}")
        if subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0:
            return
        time.sleep(0.05)
    pytest.fail("postgres was not ready within 30 s")
