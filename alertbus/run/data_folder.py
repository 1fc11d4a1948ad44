"""The data folder is its owner's alone: children's names stand in the records, states and logs under it."""

import os
import stat
from pathlib import Path

from alertbus.model.errors import SettingsFault

PRIVATE = 0o700


def make_private(folder: Path) -> None:
    """Create the folder, or close one that is there already to everybody but its owner. Safe to repeat.

    Raises `SettingsFault` for one that is no folder, that everybody shares, or that cannot be closed because it is somebody else's: nothing
    may be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        found = folder.stat()
        if found.st_mode & stat.S_ISVTX:
            raise SettingsFault(f"ALERTBUS_DATA_DIR: {folder} is shared by everybody. Give a folder of your own, in it or elsewhere.")
        if stat.S_IMODE(found.st_mode) & ~PRIVATE:
            folder.chmod(PRIVATE)
    except OSError as error:
        raise SettingsFault(
            f"ALERTBUS_DATA_DIR: {folder} cannot be made a folder of mode 0700 ({error.strerror}), so others could read what stands in it. "
            "Give one of your own, or one that does not exist yet."
        ) from None
    if found.st_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
        raise SettingsFault(f"ALERTBUS_DATA_DIR: {folder} belongs to another user, who can read what stands in it. Give one of your own.")
