"""A real Keycloak for tests: a child process on a free port of this machine, in a folder that goes with it, with one realm.

The archive is fetched by Maven once, into the cache in which Kafka's jars are too (177 MB). `keycloak` lives as long as the test session and is
skipped where there is no Java 17 or no Maven. It takes half a minute to start.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from alertbus.broker.jars import Java, find_java, find_maven

VERSION = "26.7.3"
ARCHIVE = f"keycloak-quarkus-dist-{VERSION}.zip"
REALM = Path(__file__).parent / "data" / "keycloak" / "county-realm.json"
START_LIMIT_S = 600.0  # 30 to 55 s by itself; many times that where all else on the machine runs beside it
_QUICK = {"JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}  # it lives for a minute, and its slow compiler would work for half of that


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def archive(maven: Path) -> Path:
    """The archive in the cache, fetched if need be. Several test runs may ask; one downloads."""
    root = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(root) if root else Path.home() / ".cache") / "alertbus"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "keycloak.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ARCHIVE).is_file():
            with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-") as fetching:
                artifact = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
                command = [str(maven), "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={fetching}"]
                subprocess.run(command, check=True, capture_output=True, timeout=600)
                (Path(fetching) / ARCHIVE).rename(folder / ARCHIVE)
    return folder / ARCHIVE


class KeycloakServer:
    """One Keycloak whose realm `county` has the client `desk` at `desk_url`; `secret` is that client's."""

    def __init__(self, java: Java, maven: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="alertbus-keycloak-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._java = java
        self.secret = secrets.token_hex(16)
        self.port, desk_port = free_port(), free_port()
        self.desk_port, self.desk_url = desk_port, f"http://127.0.0.1:{desk_port}"
        self.issuer = f"http://127.0.0.1:{self.port}/realms/county"
        with zipfile.ZipFile(archive(maven)) as zipped:
            zipped.extractall(self._home)
        self._folder = self._home / f"keycloak-{VERSION}"
        imports = self._folder / "data" / "import"
        imports.mkdir(parents=True)
        realm = REALM.read_text().replace("DESK", self.desk_url).replace("SECRET", self.secret)
        (imports / "county-realm.json").write_text(realm)

    def start(self) -> None:
        """Return when the realm answers."""
        options = f"start-dev --http-host 127.0.0.1 --http-port {self.port} --import-realm --cache local".split()
        environment = os.environ | {"JAVA": str(self._java.path), "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx768m"} | _QUICK
        with (self._home / "log").open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", str(self._folder / "bin" / "kc.sh"), *options], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                break
            try:
                if httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        said = (self._home / "log").read_text(errors="replace")[-3000:]
        raise RuntimeError(f"Keycloak did not start within {START_LIMIT_S:.0f} s: {said}")

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        if self._server is not None and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGTERM)
            try:
                self._server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._server.pid, signal.SIGKILL)
                self._server.wait(20)
        shutil.rmtree(self._home, ignore_errors=True)


@pytest.fixture(scope="session")
def keycloak() -> Iterator[KeycloakServer]:
    java, maven = find_java(), find_maven()
    if java is None or maven is None:
        pytest.skip("Keycloak needs Java 17 and Maven: apt-get install default-jre-headless maven")
    server = KeycloakServer(java, maven)
    try:
        server.start()
        yield server
    finally:
        server.remove()
