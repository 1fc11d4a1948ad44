"""The keys of the audit chains: whoever has none cannot make a chain that holds, whatever else of the bus they can write.

A file holds one key a line, 32 bytes in hexadecimal. The first is written with; the others still prove what was written with them, so that
a key can be replaced. Every process that writes the chains of one bus needs the same file.
"""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alertbus.model.errors import SettingsFault

_KEY = re.compile(r"[0-9a-f]{64}")
_NAME = "ALERTBUS_AUDIT_KEY_FILE"
_SHAPE = "one key a line, each 64 hexadecimal digits, as from `openssl rand -hex 32`"


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """Keys by their ids. An id is opaque: it follows from its key, and not the other way round."""

    current: str | None = None
    """The id of the key that is written with; None: without one, as before there were keys."""
    by_id: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, key_id: str, content: bytes) -> str | None:
        """Give the HMAC-SHA256 of the content, in hexadecimal; None for a key that is not here."""
        key = self.by_id.get(key_id)
        return None if key is None else hmac.new(key, content, hashlib.sha256).hexdigest()


NO_KEYS = AuditKeys()


def keys_in(text: str, setting: str = _NAME) -> AuditKeys:
    """Read the lines of a key file. Raises `SettingsFault`, which repeats none of them."""
    lines = [line.strip().lower() for line in text.splitlines() if line.strip()]
    if not lines or not all(_KEY.fullmatch(line) for line in lines):
        raise SettingsFault(f"{setting}: expected {_SHAPE}; that file holds something else")
    keys = {hashlib.sha256(b"alertbus audit key" + bytes.fromhex(line)).hexdigest()[:16]: bytes.fromhex(line) for line in lines}
    return AuditKeys(next(iter(keys)), keys)


def load_keys(named: Path | None, data_dir: Path, setting: str = _NAME, own: str = "audit.key") -> AuditKeys:
    """Read the named file, or that of the data folder, which is made for its owner alone where there is none. Raises `SettingsFault`.

    `setting` names the file to whoever runs the bus, `own` is its name in the data folder: the desk's drafts have keys of their own.
    """
    file = named or data_dir / own
    try:
        if named is None:
            _make(file)
        if file.stat().st_mode & 0o007:
            raise SettingsFault(f"{setting}: everybody on this machine may read {file.name}; `chmod o-rwx` it, and replace the key")
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise SettingsFault(f"{setting}: expected the path of a file with {_SHAPE}; {file.name} cannot be read or made") from None
    return keys_in(text, setting)


def _make(file: Path) -> None:
    """Make the file whole or not at all, though several processes start at once."""
    if file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
