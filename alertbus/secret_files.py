"""Secrets that stand in files of their own: read by their owner alone, never shown, and refused where others could read them too."""

import stat
from pathlib import Path

from alertbus.model.errors import SettingsFault


def check_secret_file(path: Path, setting: str) -> None:
    """Raise `SettingsFault` for a file that is not there, that this process may not read, or that others may.

    A group may read what root owns: so Kubernetes mounts secrets for one pod.
    """
    try:
        found = path.stat()
        with path.open("rb"):
            pass
    except OSError:
        raise SettingsFault(
            f"{setting}: expected the path of a file that this process may read; mend the path or the file's owner"
        ) from None
    group_too = bool(found.st_mode & stat.S_IRWXG) and found.st_uid != 0
    if found.st_mode & stat.S_IRWXO or group_too:
        raise SettingsFault(f"{setting}: expected a file that nobody but its owner can read, as it holds a secret; run chmod 600 on it")


def read_secret(path: Path, setting: str) -> str:
    """Give the text of the file without the white space at its end. Raises `SettingsFault`, which never quotes it."""
    check_secret_file(path, setting)
    try:
        found = path.read_text("utf-8").rstrip()
    except (OSError, UnicodeDecodeError):
        raise SettingsFault(f"{setting}: expected a file of UTF-8 text; write it anew") from None
    if not found:
        raise SettingsFault(f"{setting}: expected a file that holds the secret; that one is empty")
    return found
