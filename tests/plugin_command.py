"""`alertbus ...` in this process, as a shell would have it: its exit code, what it prints, and what it complains of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertbus.cli.main import app, guarded

DROP_IN = '''"""A plugin in one file."""

from alertbus.plugin import Message, hookimpl


class Adapter:
    name, sector, contract, formats = "{name}", "{sector}", 1, ("text/plain",)

    def render(self, notice):
        return Message(media_type="text/plain", body=(notice.flag or notice.title).encode(), filename=notice.id + ".txt")


@hookimpl
def alertbus_adapters():
    return [Adapter()]
'''
"""No more than what a bus takes: it is no example of what an adapter must keep."""


@dataclass(frozen=True, slots=True)
class Answered:
    code: int
    out: str
    err: str


def ask(capfdbinary: pytest.CaptureFixture[bytes], *arguments: Any) -> Answered:
    """Run the command. Its own output is read as bytes: a message is written past Python's `print`."""
    capfdbinary.readouterr()
    code = guarded(lambda: app([str(one) for one in arguments]))
    out, err = capfdbinary.readouterr()
    return Answered(code, out.decode(), err.decode())


def dropped_in(folder: Path, name: str, sector: str | None = None, text: str = DROP_IN) -> Path:
    """Put a plugin of one file into a folder that only its owner may write to."""
    folder.mkdir(mode=0o755, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(text.replace("{name}", name).replace("{sector}", sector or name), encoding="utf-8")
    file.chmod(0o644)
    return file
