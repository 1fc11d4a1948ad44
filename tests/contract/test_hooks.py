"""The plugin contract as a document: every hook is explained, every name exists, the example in the how-to runs."""

import inspect
import re
from importlib import resources
from pathlib import Path
from types import ModuleType

import pytest

import alertbus.plugin
from alertbus.model.errors import PluginFault
from alertbus.plugin import Alert, Ignored, hookspecs, testing
from alertbus.plugin.manager import Plugins
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import AdapterConformance, SourceConformance, Tier, check

HOW_TO = (resources.files("alertbus.plugin") / "README.md").read_text()
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("alertbus_"))
A_CALL = b'{"id": "1", "kind": "threat", "at": "2020-11-18T14:05:00Z", "crn": "X123456", "words": "I will find you"}'
AN_ENQUIRY = b'{"id": "2", "kind": "enquiry"}'


def example() -> ModuleType:
    code = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)[0]
    module = ModuleType("northfield_example")
    exec(compile(code, "README.md", "exec"), vars(module))
    return module


class TestPlain(AdapterConformance):
    adapter = Plain()


class TestExampleAdapter(AdapterConformance):
    adapter = example().Northfield()


class TestExampleSource(SourceConformance):
    source = example().TelephoneLog()
    samples = (A_CALL, AN_ENQUIRY)


def test_there_are_the_five_hooks_of_the_design_and_one_for_items() -> None:
    assert HOOKS == [
        "alertbus_adapters",
        "alertbus_channels",
        "alertbus_items",
        "alertbus_kinds",
        "alertbus_patterns",
        "alertbus_sources",
    ]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_explained(hook: str) -> None:
    assert inspect.getdoc(getattr(hookspecs, hook))
    assert f"`{hook}`" in HOW_TO
    assert not inspect.signature(getattr(hookspecs, hook)).parameters, "a hook only registers"


def test_every_public_name_is_there() -> None:
    for module in (alertbus.plugin, testing):
        assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_example_is_short_enough_to_read_and_complete_enough_to_run() -> None:
    module = example()
    assert inspect.getdoc(module)

    plugins = Plugins({"northfield": module})

    assert set(plugins.adapters) == {"northfield"}
    call = plugins.sources["northfield-telephone"].parse(A_CALL, {})
    assert isinstance(call, list)
    assert [type(each) for each in call] == [Alert]
    assert plugins.sources["northfield-telephone"].parse(AN_ENQUIRY, {}) == Ignored("an enquiry raises nothing")


def test_the_example_has_fewer_than_sixty_lines_of_code() -> None:
    code = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)[0]

    assert len([line for line in code.splitlines() if line.strip()]) < 60


def test_every_rule_says_why_it_matters_and_how_to_mend_it() -> None:
    for suite in (AdapterConformance, SourceConformance):
        for name in dir(suite):
            if name.startswith("test_"):
                rule = getattr(suite, name).rule
                assert rule.tier in Tier
                assert rule.why.endswith(".")
                assert rule.mend.endswith(".")


def test_the_kit_reports_a_tier_without_pytest() -> None:
    report = check(AdapterConformance, adapter=Plain())

    assert [f.rule for f in report.results if f.broken] == []
    assert report.tier is Tier.PLATINUM


def test_no_plugin_of_ours_reaches_past_the_public_room() -> None:
    """`alertbus.plugin` and its modules are the whole API: what our own plugins need, others need too."""
    past = []
    for path in sorted(Path(__file__).parents[2].glob("plugins/*/alertbus_*/**/*.py")):
        past += [
            f"{path.parent.name}/{path.name}: {line.strip()}"
            for line in path.read_text().splitlines()
            if re.match(r"\s*(?:from|import) alertbus\b(?!\.plugin\b)", line)
        ]

    assert past == []


def test_a_wrong_setting_of_a_plugins_own_stops_start_up_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_PLUGIN", '{"ods": "CANARY"}')

    with pytest.raises(PluginFault, match=r"'health': HEALTH_PLUGIN\.ods: expected a mapping") as caught:
        Plugins.load()
    assert "CANARY" not in str(caught.value)
