"""How a draft is sealed: AES-256-GCM, under keys in a file of their own, bound to the draft and to whose it is."""

import hashlib
import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alertbus.audit.keys import AuditKeys, load_keys

SETTING, OWN_FILE = "ALERTBUS_DESK_DRAFT_KEY_FILE", "drafts.key"
_ID, _NONCE = 16, 12
"""Bytes: of a key's id, and of a nonce as NIST SP 800-38D has it (5.2.1.1)."""


class DraftSeal:
    """Seals and opens. The first key seals; every key opens; the last names releases (`name_of`), so that new keys are put before it."""

    def __init__(self, keys: AuditKeys) -> None:
        assert keys.current is not None, "a key file holds a key"
        self._keys, self._current = keys.by_id, keys.current
        self._naming = list(keys.by_id.values())[-1]

    @classmethod
    def of_settings(cls, named: Path | None, data_dir: Path) -> "DraftSeal":
        """With the keys of the file, which is made where none is named. Raises `SettingsFault`."""
        return cls(load_keys(named, data_dir, SETTING, OWN_FILE))

    def seal(self, content: bytes, bound_to: str) -> bytes:
        """Give the content so that nobody without the key reads it, nor puts it in another's place."""
        nonce = secrets.token_bytes(_NONCE)
        return self._current.encode() + nonce + AESGCM(self._keys[self._current]).encrypt(nonce, content, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes | None:
        """Give what was sealed; None where it was sealed for something else, under a key that is gone, or was changed."""
        key = self._keys.get(sealed[:_ID].decode("ascii", "replace"))
        if key is None:
            return None
        try:
            return AESGCM(key).decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], bound_to.encode())
        except (InvalidTag, ValueError):
            return None

    def name_of(self, *parts: str) -> str:
        """Give a name that follows from the parts and from which nobody finds them: without the key, a prison number could be tried out."""
        return hmac.new(self._naming, "\x1f".join(("name", *parts)).encode(), hashlib.sha256).hexdigest()
