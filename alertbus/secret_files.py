"""Secrets that stand in files of their own: read by their owner alone, never shown, and refused where others could read them too."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

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


RULE = "settings_rule"
"""The type of our own errors in settings, whose text is already fit to be shown."""


def text_of(path: Path, setting: str) -> str:
    """Give the secret that the file holds, as `read_secret`, for a validator of settings."""
    try:
        return read_secret(path, setting)
    except SettingsFault as fault:
        raise PydanticCustomError(RULE, str(fault)) from None


def yaml_of(path: Path, setting: str) -> Any:
    """Give what the file says in YAML, of which JSON is a part, for a validator of settings."""
    import yaml  # who reads a secret of one line does not need it

    text = text_of(path, setting)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise PydanticCustomError(RULE, f"{setting}: expected a file of YAML or JSON; mend it") from None


def with_secrets(
    given: Mapping[str, Any], readers: Mapping[str, Callable[[Path, str], Any]], name_of: Callable[[str], str] = str
) -> dict[str, Any]:
    """Fill in each setting whose `_file` is given instead. Both given is a fault: nobody could tell which of them counts."""
    filled = dict(given)
    for name, read in readers.items():
        path, setting = given.get(f"{name}_file"), name_of(f"{name}_file")
        if path is None or path == "":
            continue
        if given.get(name):
            raise PydanticCustomError(RULE, f"{setting}: {name_of(name)} is given too; leave one of them out")
        filled[name] = read(Path(path).expanduser(), setting)
    return filled
