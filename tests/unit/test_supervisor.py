"""The supervisor while a bus starts, its parts played by small programs."""

import subprocess
import sys
from pathlib import Path

import pytest

from alertbus.run import supervisor
from alertbus.run.ready import ready_folder
from alertbus.run.supervisor import Child, PartWillNotStart, Supervisor, last_failure
from alertbus.settings import Settings

READY = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
DIES = "import sys; sys.exit(9)"


class Played(Supervisor):
    """Its one part is, one after the other, each of these programs; the last is played again and again."""

    programs: tuple[str, ...] = ()
    starts = 0

    def _spawn(self, name: str, number: int) -> subprocess.Popen[bytes]:
        program = self.programs[min(self.starts, len(self.programs) - 1)]
        self.starts += 1
        mark = ready_folder(self.settings.data_dir) / f"{name}-{number}"
        return subprocess.Popen([sys.executable, "-S", "-c", program, str(mark)])


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    monkeypatch.setattr(supervisor, "BACK_OFF_S", (0.0,))
    bus = Played(Settings(data_dir=tmp_path), lambda _: None, parts=("delivery",))
    ready_folder(tmp_path).mkdir(parents=True)
    return bus


def begin(bus: Played, *programs: str) -> Child:
    bus.programs = programs
    child = Child("delivery", 0, bus._spawn("delivery", 0), bus._clock())
    bus.children.append(child)
    return child


async def test_a_part_that_dies_in_its_first_seconds_is_started_again_and_the_bus_gets_ready(played: Played) -> None:
    child = begin(played, DIES, DIES, READY)
    try:
        await played._all_ready()

        assert child.process.poll() is None
        assert played.starts == 3
    finally:
        await played.stop()


async def test_a_part_that_dies_again_and_again_is_given_up_with_its_exit_code_and_the_class_and_code_of_its_failure(
    played: Played,
) -> None:
    log = played._log_of("delivery", 0)
    log.parent.mkdir(parents=True)
    log.write_text('{"level": "error", "error": "PolicyFault", "code": "policy_fault", "error_text": "Ann Example"}\nended\n')
    begin(played, DIES)
    try:
        with pytest.raises(PartWillNotStart) as given_up:
            await played._all_ready()
    finally:
        await played.stop()

    assert "ended with 9" in str(given_up.value)
    assert "(PolicyFault, policy_fault)" in str(given_up.value)
    assert "Ann Example" not in str(given_up.value)
    assert played.starts == supervisor.START_TRIES


def test_a_log_without_an_error_gives_no_reason(tmp_path: Path) -> None:
    (tmp_path / "part.log").write_text('{"level": "info", "event": "part starting"}\n[1]\nnot json\n')

    assert last_failure(tmp_path / "part.log") == ""
    assert last_failure(tmp_path / "absent.log") == ""
