"""Starts `mesh-sandbox` in the environment that make sets up for it, on this machine alone, with a folder of its own; once a process."""

import atexit
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from mesh_client import MeshClient

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".venv-mesh"
PASSWORD, SHARED_KEY = "password", "TestKey"
OURS, THEIRS, ANOTHERS = "X26ABC1", "X26ABC2", "X26ABC3"
STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Sandbox:
    """A MESH of its own: three mailboxes of invented organisations."""

    url: str

    def agency(self, mailbox: str = THEIRS) -> MeshClient:
        """Give an agency's own client, as its system uses it."""
        client = MeshClient(self.url, mailbox, PASSWORD, shared_key=SHARED_KEY.encode(), max_retries=0)
        client.handshake()
        return client

    def admin(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Do what no caller of MESH can: put a report into a mailbox, or change what became of a message."""
        answer = httpx.post(f"{self.url}/messageexchange/admin/{path}", json=body or {}, trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def empty(self) -> None:
        """Forget every message."""
        httpx.delete(f"{self.url}/messageexchange/admin/reset", trust_env=False).raise_for_status()

    def message(self, message_id: str) -> dict[str, Any]:
        """Give all that MESH knows of a message, its headers among it."""
        found: dict[str, Any] = httpx.get(f"{self.url}/messageexchange/admin/message/{message_id}", trust_env=False).json()
        return found


@functools.cache
def sandbox() -> Sandbox:
    """The sandbox of this process, started at the first call and ended with it."""
    subprocess.run(["make", "--silent", f"{VENV.name}/.ready"], cwd=ROOT, check=True, timeout=300)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tempfile.mkdtemp()
    environ = {
        "PATH": os.environ["PATH"],
        "STORE_MODE": "memory",
        "SHARED_KEY": SHARED_KEY,
    }
    command = [str(VENV / "bin" / "uvicorn"), "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not _answers(url):
        assert process.poll() is None, "the sandbox ended by itself"
        assert time.monotonic() < deadline, "the sandbox does not answer"
        time.sleep(0.1)
    return Sandbox(url)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=1).is_success
    except httpx.HTTPError:
        return False
