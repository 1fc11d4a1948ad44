"""The program of Alertmanager, built once by Go's own command into a cache outside the checkout, and its configuration here."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from alertbus.bench.receivers import Receivers
from alertbus.model.errors import BusError

VERSION = "v0.28.1"
MODULE = f"github.com/prometheus/alertmanager/cmd/alertmanager@{VERSION}"
_BUILD_S = 900


class NotBuilt(BusError):
    code = "bench_not_built"


def alertmanager() -> Path:
    """The program. Several processes may ask; one builds. Raises `NotBuilt` with the reason where it cannot be had."""
    root = os.environ.get("XDG_CACHE_HOME")
    program = (Path(root) if root else Path.home() / ".cache") / "alertbus" / f"alertmanager-{VERSION}"
    program.parent.mkdir(parents=True, exist_ok=True)
    with program.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            _build(program)
    return program


def _build(program: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise NotBuilt("there is no Go to build it with")
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        try:
            done = subprocess.run(  # noqa: S603  the command is ours
                [go, "install", MODULE], env=os.environ | {"GOBIN": folder}, capture_output=True, text=True, timeout=_BUILD_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotBuilt(f"`go install` did not end within {_BUILD_S} s") from None
        if done.returncode:
            raise NotBuilt(f"`go install {MODULE}` failed: {(done.stderr.strip().splitlines() or ['it left no word'])[-1]}")
        (Path(folder) / "alertmanager").rename(program)


def configure(folder: Path, receivers: Receivers) -> Path:
    """Every alert by itself (`group_by: ['...']`), at once (`group_wait: 0s`), to each agency (`continue`), and not again within a day."""
    routes = [{"receiver": agency, "continue": True} for agency in receivers.ports]
    told: list[dict[str, Any]] = [
        {"name": agency, "webhook_configs": [{"url": receivers.url(agency), "send_resolved": False}]} for agency in receivers.ports
    ]
    path = folder / "alertmanager.yml"
    path.write_text(
        yaml.safe_dump(
            {
                "route": {"receiver": "nobody", "group_by": ["..."], "group_wait": "0s", "repeat_interval": "24h", "routes": routes},
                "receivers": [{"name": "nobody"}, *told],
            }
        ),
        encoding="utf-8",
    )
    return path
