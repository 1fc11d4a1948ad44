"""The data folder is its owner's alone, also one that was there before; or nothing starts."""

import os
import stat
from pathlib import Path

import pytest

from alertbus.model.errors import SettingsFault
from alertbus.run import data_folder
from alertbus.run.bootstrap import wired
from alertbus.run.data_folder import make_private
from alertbus.run.supervisor import Supervisor
from alertbus.settings import Settings


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.parametrize("before", [0o755, 0o777, 0o750, 0o700, 0o2775])
def test_a_folder_that_others_can_read_is_closed_to_them(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(before)

    make_private(folder)

    assert mode(folder) == 0o700


def test_a_new_one_is_closed_from_the_start_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        make_private(tmp_path / "a" / "b")
    finally:
        os.umask(umask)

    assert mode(tmp_path / "a" / "b") == 0o700


def test_one_that_everybody_shares_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)

    with pytest.raises(SettingsFault, match=r"ALERTBUS_DATA_DIR: .* is shared by everybody"):
        make_private(folder)

    assert mode(folder) == 0o1777


def test_one_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:  # what is root's is nobody's to be afraid of
        os.chown(folder, 12345, -1)
    monkeypatch.setattr(data_folder.os, "geteuid", lambda: 54321)

    with pytest.raises(SettingsFault, match="belongs to another user"):
        make_private(folder)


def test_what_is_no_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsFault, match=r"ALERTBUS_DATA_DIR: .*file cannot be made a folder of mode 0700"):
        make_private(tmp_path / "file")


async def test_whatever_starts_closes_it_first(tmp_path: Path) -> None:
    for name in ("command", "bus"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o755)

    async with wired(Settings(data_dir=tmp_path / "command", bootstrap_servers="127.0.0.1:1")):
        assert mode(tmp_path / "command") == 0o700
    with pytest.raises(Exception):  # noqa: B017, PT011  whatever becomes of a bus without a broker
        await Supervisor(Settings(data_dir=tmp_path / "bus", bootstrap_servers="127.0.0.1:1"), lambda _: None).start()
    assert mode(tmp_path / "bus") == 0o700
