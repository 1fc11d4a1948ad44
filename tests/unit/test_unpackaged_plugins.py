"""Plugins that nobody installed: tried from a path or a folder, under their own name, and never from where somebody else may write."""

import os
import sys
from pathlib import Path

import pytest

from alertbus.cli import doctor
from alertbus.model.errors import PluginFault
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.unpackaged import dropped_in as plugins_in
from alertbus.plugin.unpackaged import found_at
from alertbus.settings import load_settings
from tests.plugin_command import DROP_IN, ask, dropped_in

PROJECT = """
[project]
name = "alertbus-dropfire"
version = "3.2"

[project.entry-points.alertbus]
dropfire = "alertbus_dropfire"
"""


pytestmark = pytest.mark.usefixtures("nothing_stays_imported")


@pytest.fixture(autouse=True)
def the_option_is_no_setting_of_the_next_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_PLUGINS_DIR", "")


def project(folder: Path, within: str = ".", pyproject: str = PROJECT) -> Path:
    package = folder / within / "alertbus_dropfire"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(pyproject)
    (package / "__init__.py").write_text("from alertbus_dropfire.inner import *\nfrom alertbus_dropfire.inner import alertbus_adapters\n")
    (package / "inner.py").write_text(DROP_IN.replace("{name}", "dropfire").replace("{sector}", "dropfire"))
    return folder


def refused(call: object, *arguments: object) -> str:
    with pytest.raises(PluginFault) as fault:
        call(*arguments)  # type: ignore[operator]
    return str(fault.value)


@pytest.mark.parametrize("within", [".", "src"])
def test_a_project_is_tried_by_its_entry_points_with_its_own_imports(tmp_path: Path, within: str) -> None:
    plugins = Plugins.at(project(tmp_path / "fire", within))

    assert [(row.plugin, row.version, row.name) for row in plugins.listing()] == [("dropfire", "3.2 (unpackaged)", "dropfire")]
    assert plugins.render(sample_notice(), plugins.adapters["dropfire"]).body == b"Do not visit alone"
    assert plugins.made_by(plugins.adapters["dropfire"]) == "dropfire 3.2 (unpackaged)"


def test_a_file_and_a_package_are_tried_under_their_own_names(tmp_path: Path) -> None:
    dropped_in(tmp_path / "all", "alertbus_dropone")
    package = tmp_path / "all" / "droptwo"
    package.mkdir()
    (package / "__init__.py").write_text(DROP_IN.replace("{name}", "droptwo").replace("{sector}", "droptwo"))

    assert [(one.name, one.version) for one in plugins_in(tmp_path / "all")] == [("dropone", "unpackaged"), ("droptwo", "unpackaged")]


def test_what_is_no_plugin_in_a_folder_of_drop_ins_is_passed_over_or_refused(tmp_path: Path) -> None:
    dropped_in(tmp_path, "dropone")
    for name in ("README.md", ".hidden.py", "_draft.py"):
        (tmp_path / name).write_text("nothing")

    assert [one.name for one in plugins_in(tmp_path)] == ["dropone"]

    (tmp_path / "notes").mkdir()
    assert "no plugin stands there" in refused(plugins_in, tmp_path)


def test_an_unpackaged_plugin_takes_the_place_of_the_installed_one_of_its_name(tmp_path: Path) -> None:
    dropped_in(tmp_path, "plain")
    dropped_in(tmp_path, "dropone")

    listed = {row.plugin: row.version for row in Plugins.load(tmp_path).listing()}

    assert listed["plain"] == listed["dropone"] == "unpackaged"
    assert listed["housing"] == "0.1.0"


def test_one_that_is_set_aside_is_no_reason_to_say_that_it_does_not_exist(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    dropped_in(tmp_path, "dropbad", text="1 / 0")

    for answered in (
        ask(capfdbinary, "plugin", "render", "dropbad", "--plugins-dir", tmp_path),
        ask(capfdbinary, "plugin", "parse", "dropbad", __file__, "--plugins-dir", tmp_path),
    ):
        assert answered.code == 1
        assert "dropbad is set aside: importing it ended in ZeroDivisionError" in answered.err


def test_two_in_one_folder_may_not_have_one_name(tmp_path: Path) -> None:
    dropped_in(tmp_path, "dropone")
    dropped_in(tmp_path, "alertbus_dropone")

    assert "stands twice" in refused(plugins_in, tmp_path)


@pytest.mark.parametrize(
    "place", [".", "dropfire.py", "whole", "whole/pyproject.toml", "whole/alertbus_dropfire", "whole/alertbus_dropfire/inner.py"]
)
@pytest.mark.parametrize("mode", [0o020, 0o002], ids=["its group", "everybody"])
def test_where_others_may_write_nothing_is_loaded_and_it_is_said_what_to_run(tmp_path: Path, place: str, mode: int) -> None:
    folder = tmp_path / "plugins"
    dropped_in(folder, "dropfire")
    project(folder / "whole", pyproject=PROJECT.replace("dropfire =", "whole ="))
    found = folder / place
    found.chmod(found.stat().st_mode | mode)

    said = refused(plugins_in, folder)

    assert f"others may write to {found}" in said
    assert f"chmod -R go-w {found}" in said


def test_a_link_is_refused_because_what_it_leads_to_may_change(tmp_path: Path) -> None:
    elsewhere = dropped_in(tmp_path / "elsewhere", "dropone")
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "dropone.py").symlink_to(elsewhere)

    assert "is a link" in refused(plugins_in, folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_somebody_else_owns_is_refused(tmp_path: Path) -> None:
    file = dropped_in(tmp_path, "dropone")
    os.chown(file, 12345, -1)

    assert "is somebody else's" in refused(plugins_in, tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dropbad", "1 / 0", "importing dropbad raised ZeroDivisionError"),
        ("dropexit", "raise SystemExit(0)", "importing dropexit raised SystemExit"),
        ("dropwords", "raise ValueError('Quillfeather')", "importing dropwords raised ValueError"),
        ("json", "", "'json' is the name of a module that is there already"),
        ("alertbus", "", "'alertbus' is the name of a module that is there already"),
        ("pytest", "", "a module 'pytest' from elsewhere is loaded already"),
        ("drop-one", "", "Python cannot import a module of that name"),
    ],
)
def test_one_that_cannot_be_loaded_is_named_without_its_own_words(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = dropped_in(tmp_path, name, text=text)

    heard = refused(lambda: [one.imported() for one in found_at(file)])

    assert said in heard
    assert "Quillfeather" not in heard
    assert name not in sys.modules or sys.modules[name].__file__ != str(file)


@pytest.mark.parametrize(
    ("pyproject", "said"),
    [
        ("[project", "cannot be read as TOML"),
        ("[project]\nname = 'x'\n", "names no plugin"),
        (PROJECT.replace('"alertbus_dropfire"', '"alertbus_other"'), "names alertbus_other, which does not stand beside it or in src"),
    ],
)
def test_a_project_that_names_no_plugin_is_told_what_to_add(tmp_path: Path, pyproject: str, said: str) -> None:
    assert said in refused(found_at, project(tmp_path / "fire", pyproject=pyproject))


def test_list_and_doctor_name_what_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    dropped_in(tmp_path, "dropone")
    monkeypatch.setenv("ALERTBUS_PLUGINS_DIR", str(tmp_path))

    listed = ask(capfdbinary, "plugin", "list")

    assert listed.code == 0
    assert [line.split()[:4] for line in listed.out.splitlines() if line.startswith("dropone")] == [
        ["dropone", "unpackaged", "adapter", "dropone"]
    ]


async def test_doctor_says_which_plugins_are_not_installed(tmp_path: Path) -> None:
    dropped_in(tmp_path, "dropone")

    with pytest.raises(doctor.NeedsALook, match="not installed, from ALERTBUS_PLUGINS_DIR: dropone; adapters for whose sector"):
        await doctor._plugins(load_settings(plugins_dir=tmp_path))
    assert "not installed" not in await doctor._plugins(load_settings())


def test_one_of_the_folder_is_checked_rendered_and_read_by_its_name(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    project(tmp_path / "whole")

    rendered = ask(capfdbinary, "plugin", "render", "dropfire", "--minimal", "--plugins-dir", tmp_path)
    checked = ask(capfdbinary, "plugin", "check", "dropfire", "--at-least", "gold")

    assert rendered.code == 0
    assert checked.code == 1
    assert "dropfire (adapter): " in checked.out


@pytest.mark.parametrize(
    "command",
    [
        ("plugin", "list"),
        ("plugin", "check", "x"),
        ("plugin", "new", "x"),
        ("plugin", "parse", "x", "y"),
        ("up", "--exit-when-ready"),
        ("run", "gateway"),
        ("demo", "--exit"),
    ],
)
def test_a_folder_that_is_not_there_is_wrong_usage_of_every_command_that_takes_one(
    tmp_path: Path, command: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    answered = ask(capfdbinary, *command, "--plugins-dir", tmp_path / "nowhere")

    assert answered.code == 2
    assert "is no folder. Make it, or correct its path." in answered.err


def test_the_option_becomes_the_setting_that_every_part_of_a_bus_reads(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    dropped_in(tmp_path, "dropone")

    answered = ask(capfdbinary, "plugin", "list", "--json", "--plugins-dir", tmp_path)

    assert '"dropone"' in answered.out
    assert os.environ["ALERTBUS_PLUGINS_DIR"] == str(tmp_path)
