"""A plugin that cannot be imported stops nobody: the rest run, its agencies' messages cannot be made, and where it went wrong is said
without its words.
"""

import json
import uuid
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from alertbus.cli.doctor import _plugins as examined
from alertbus.cli.plugin_list import list_
from alertbus.model.errors import BusError, PluginFault
from alertbus.operations.plugins_used import plugins_used
from alertbus.plugin import discovery
from alertbus.plugin.coverage import coverage
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.set_aside import PluginOffer
from alertbus.policy.load import load_policy
from alertbus.settings import load_settings

Installed = Callable[..., None]

GOOD = """
from alertbus.plugin import Message, hookimpl
class Fire:
    name, sector, contract, formats = "northfield-fire", "{sector}", 1, ("text/plain",)
    def render(self, notice):
        return Message(media_type="text/plain", body=(notice.flag or notice.title).encode())
class Calls:
    name = "fire-calls"
    def parse(self, raw, headers):
        return []
@hookimpl
def alertbus_adapters():
    return [Fire()]
@hookimpl
def alertbus_sources():
    return [Calls()]
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installed:
    """Install plugins, each as one module's text; the bus's own plain one is there as ever."""

    def install(**texts: str) -> None:
        entries = [EntryPoint("plain", "alertbus.plugin.plain", "alertbus")]
        for name, text in texts.items():
            module = f"alertbus_{name}_{uuid.uuid4().hex}"
            (tmp_path / f"{module}.py").write_text(text)
            entries.append(EntryPoint(name, module, "alertbus"))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(discovery, "entry_points", lambda group: entries)

    return install


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import a_module_that_nobody_has", "ModuleNotFoundError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("raise type('Quillfeather', (ValueError,), {})('Wrenna Quillfeather')", "ValueError"),
        ("def f(:", "SyntaxError"),
        ("print('Wrenna Quillfeather')\n1 / 0", "ZeroDivisionError"),
    ],
)
def test_it_is_set_aside_with_class_and_place_and_the_rest_run(installed: Installed, text: str, reason: str) -> None:
    installed(health=text, fire=GOOD.format(sector="housing"))

    plugins = Plugins.load()

    assert sorted(plugins.adapters) == ["housing", "plain"]
    [aside] = plugins.set_aside
    assert aside.plugin == "health"
    assert aside.reason.startswith(reason)
    assert "Quillfeather" not in aside.words
    if reason != "SyntaxError":
        assert f".py:{text.count(chr(10)) + 1}" in aside.reason
    assert [(row.plugin, row.kind) for row in plugins.listing() if row.reason] == [("health", "set aside")]


def test_its_agencies_messages_cannot_be_made_and_are_not_made_plainly_in_silence(installed: Installed) -> None:
    installed(health="import a_module_that_nobody_has")
    plugins = Plugins.load()

    with pytest.raises(PluginFault, match=r"health is set aside: importing it ended in ModuleNotFoundError"):
        plugins.render(sample_notice(), plugins.adapter_for("health"))
    assert plugins.adapter_for("housing").name == "plain"
    assert plugins.made_by(plugins.adapter_for("health")) == "health unknown (set aside)"


def test_what_it_offered_when_it_was_last_imported_is_known(installed: Installed) -> None:
    installed(fire=GOOD.format(sector="housing"))
    known = Plugins.load().offered()
    assert known["fire"] == PluginOffer(("housing",), ("northfield-fire",), ("fire-calls",))

    installed(fire="1 / 0")
    plugins = Plugins.load(known=known)

    assert plugins.aside_for("housing") is plugins.set_aside[0]
    assert plugins.aside_of("fire-calls", "source") is plugins.set_aside[0]
    assert plugins.aside_of("northfield-fire", "adapter") is plugins.set_aside[0]
    assert plugins.aside_of("somebody-else", "source") is None
    assert plugins.offered() == {"plain": known["plain"]}


def test_what_was_never_imported_may_be_anybody_s_source(installed: Installed) -> None:
    installed(fire="1 / 0")

    assert Plugins.load().aside_of("any-name", "source") is not None


def test_it_says_which_agency_has_no_adapter_and_which_adapter_no_agency(installed: Installed) -> None:
    installed(health="1 / 0", fire=GOOD.format(sector="fire_service"))
    plugins, policy = Plugins.load(), load_policy()

    found = coverage(plugins, policy)

    assert (found.unused, found.own) == (("northfield-fire",), {"northfield-fire": ()})
    assert set(found.without_adapter) >= {"police", "housing", "school"}
    [aside] = found.set_aside
    assert set(aside.agencies) == {name for name, agency in policy.agencies.items() if agency.sector == "health"}
    assert found.shown()["lines"][0].startswith("SET ASIDE: health (ZeroDivisionError at ")
    assert [one.plugin for one in plugins_used(plugins, ()).set_aside] == ["health"]


async def test_doctor_and_list_say_so(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    installed(health="1 / 0", fire=GOOD.format(sector="fire_service"))

    with pytest.raises(BusError) as wrong:
        await examined(load_settings())
    list_(json_=True)
    told = {(row["plugin"], row["kind"]): row for row in json.loads(capsys.readouterr().out)}
    list_(json_=False)
    printed = capsys.readouterr()

    assert "SET ASIDE: health (ZeroDivisionError at " in str(wrong.value)
    assert "northfield-fire" in str(wrong.value)
    assert told["health", "set aside"]["agencies"] == ["gp", "health_visiting", "hospital", "midwifery", "school_nursing"]
    assert "housing" in told["plain", "adapter"]["agencies"]
    assert "no adapter of their own" in (printed.out + printed.err).casefold()
