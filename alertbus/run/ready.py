"""The parts of a bus, and how each tells the supervisor that it does its work."""

import os
from pathlib import Path

from alertbus.settings import Settings

PARTS = ("gateway", "stream", "delivery", "chronicle")
"""In the order in which they start: whoever accepts comes first, so that nothing waits on a closed door."""


def mark_ready(settings: Settings, name: str, number: int = 0) -> None:
    """Tell the supervisor that this part does its work."""
    folder = ready_folder(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{number}").write_text(str(os.getpid()), encoding="utf-8")


def ready_folder(data_dir: Path) -> Path:
    return data_dir / "ready"
