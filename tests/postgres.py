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
from sqlalchemy import create_engine, make_url, text


def binary(name: str) -> str | None:
    """Find one of PostgreSQL's programs: on the path, or where Debian keeps them, the newest first."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    return shutil.which(name) or (str(kept[0]) if kept else None)


class PostgresServer:
    """One PostgreSQL on one port of this machine. `start` and `stop` may alternate: the rows stay, and the address."""

    def __init__(self, certificate: tuple[str, str] | None = None) -> None:
        """Make the cluster. With a certificate and its key (PEM), it speaks TLS. `LookupError` where PostgreSQL is not installed."""
        initdb, postgres, ready = binary("initdb"), binary("postgres"), binary("pg_isready")
        if not initdb or not postgres or not ready:
            raise LookupError("PostgreSQL is not installed (looked for initdb, postgres and pg_isready)")
        self._postgres, self._ready = postgres, ready
        self._user = _user()
        self._password = secrets.token_hex(16)
        # Not under pytest's own folder, which only its owner may enter.
        self._home = Path(tempfile.mkdtemp(prefix="alertbus-postgres-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        (self._home / "password").write_text(self._password)
        if self._user:
            shutil.chown(self._home, self._user)
            shutil.chown(self._home / "password", self._user)
        subprocess.run(
            f"{initdb} -D data -U bus -A scram-sha-256 --pwfile password -E UTF8 --no-locale --no-sync".split(),
            user=self._user,
            cwd=self._home,
            check=True,
            capture_output=True,
        )

        self._tls = ""
        if certificate is not None:
            for name, text in zip(("server.pem", "server.key"), certificate, strict=True):
                (self._home / name).write_text(text)
                (self._home / name).chmod(0o600)
                if self._user:
                    shutil.chown(self._home / name, self._user)
            self._tls = f" -c ssl=on -c ssl_cert_file={self._home}/server.pem -c ssl_key_file={self._home}/server.key"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://bus:{self._password}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Return when it answers."""
        options = f"-h 127.0.0.1 -p {self._port} -c unix_socket_directories= -c timezone=Europe/London{self._tls}"
        self._server = subprocess.Popen(
            f"{self._postgres} -D data {options}".split(),
            user=self._user,
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_until_ready(self._server, self._ready, self._port)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Return when it is gone. SIGINT is its "fast" stop: open connections are ended. SIGQUIT is a crash."""
        if self._server is not None:
            self._server.send_signal(sign)
            self._server.wait(30)
            self._server = None

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    try:
        server = PostgresServer()
    except LookupError as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


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
            raise RuntimeError(f"postgres ended at once with exit code {server.returncode}")
        if subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError("postgres was not ready within 30 s")
