"""A bus that leaves nothing behind: for the demo, and for a replay where no bus runs."""

import socket
import tempfile
from pathlib import Path

from alertbus.settings import Settings, load_settings


def temporary_settings() -> tuple[Settings, "tempfile.TemporaryDirectory[str]"]:
    """Settings for a bus that leaves nothing behind: a data folder of its own, and the usual port if it is free."""
    folder = tempfile.TemporaryDirectory(prefix="alertbus-")
    settings = load_settings()
    port = settings.http_port if _free(settings.http_host, settings.http_port) else 0
    return (
        settings.model_copy(
            update={
                "data_dir": Path(folder.name),
                "database_url": None,
                "bootstrap_servers": None,
                "watchdog_interval_s": 0,  # nothing that outlives the story
                "http_port": port or any_port(settings.http_host),
                "desk_port": settings.desk_port if _free(settings.http_host, settings.desk_port) else any_port(settings.http_host),
            }
        ),
        folder,
    )


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_port(host: str) -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
