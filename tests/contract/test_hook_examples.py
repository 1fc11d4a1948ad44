"""Each hook has an example in the guide that runs, and does what the page says of it."""

import re
from datetime import timedelta
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import plugged_channels
from alertbus.delivery.outcome import Outcome, Trouble
from alertbus.intake.kinds_at_the_door import KindsAtTheDoor
from alertbus.model.alert import Alert
from alertbus.model.notice import Message
from alertbus.plugin import hookspecs
from alertbus.plugin.hookspecs import HOOKS
from alertbus.plugin.manager import Plugins
from alertbus.plugin.transports import Letter
from alertbus.policy.load import load_policy
from tests.items_played import START, PlayedCase, a_statement, at

GUIDE = (resources.files("alertbus.plugin") / "guide" / "other-hooks.md").read_text()
MESSAGE = Message(media_type="text/plain", body=b"x", idempotency_key="n-1")


def example(hook: str) -> ModuleType:
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if f"def {hook}" in block]
    module = ModuleType(f"example_of_{hook}")
    exec(compile(code, "other-hooks.md", "exec"), vars(module))
    return module


@pytest.mark.parametrize("hook", sorted(set(HOOKS) - {"alertbus_adapters", "alertbus_sources"}))
def test_every_hook_has_an_example_that_the_bus_takes(hook: str) -> None:
    plugins = Plugins({"example": example(hook)})

    assert plugins.transports or load_policy(additions=plugins.additions) is not load_policy()
    assert getattr(hookspecs, hook).__doc__


async def test_the_channel_of_the_guide_sends_and_brings_back(tmp_path: Path) -> None:
    given = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])["channels"]["health_visiting"]
    word, box = tmp_path / "word", tmp_path / "box"
    word.touch(mode=0o600)
    word.write_text("open")
    given["settings"] |= {"folder": str(box), "word_file": str(word)}
    chosen = {"health_visiting": ChannelSettings.model_validate(given)}
    (channel,) = plugged_channels(chosen, {}, Plugins({"example": example("alertbus_channels")}).transports).values()

    assert await channel.send(MESSAGE, "health_visiting") == Outcome(Trouble.UNREACHABLE, timedelta(minutes=1))
    box.mkdir()
    assert await channel.send(MESSAGE, "health_visiting") == Outcome(handed_over=True)
    assert await channel.send(MESSAGE.model_copy(update={"body": b""}), "health_visiting") == Outcome(Trouble.REFUSED)
    (box / "a.answer").write_bytes(b"seen")
    assert await channel.collect() == [Letter("a.answer", b"seen", "health")]
    await channel.confirm("a.answer")
    assert await channel.collect() == []


async def test_the_kind_of_the_guide_is_stated_as_it_says() -> None:
    plugins = Plugins({"example": example("alertbus_kinds")})
    stated = re.findall(r'states `"kind": "(\w+)", "details": (\{.*?\}\})`', GUIDE)[0]
    alert = a_statement("F-1", START).alert.model_copy(update={"kind": stated[0]})
    given = Alert.model_validate(alert.model_dump() | {"details": yaml.safe_load(stated[1])})

    (read,), faults = await KindsAtTheDoor(plugins.kinds).read([given], several=False)

    assert (faults, dict(read.details.by_plugin)) == ([], {"fire": {"risk": "high"}})


def test_the_item_and_the_pattern_of_the_guide_ask_what_they_say() -> None:
    policy = load_policy(additions=Plugins({"example": example("alertbus_patterns")}).additions)
    played = PlayedCase.of(policy=policy)
    missing: dict[str, Any] = {"kind": "missing_child_incident", "source": "police"}
    played.say("M-1", at("2026-01-07"), **missing)
    assert played.all_of("missing_twice") == []
    played.say("M-2", at("2026-01-30"), **missing)
    played.say("D-1", at("2026-01-31"), kind="drug_intelligence", source="police")

    asked = [one.action for one in played.told_of(played.one("missing_twice"))]
    assert any("missing twice within a month" in action for action in asked)
    assert played.one("alarms_fitted").due is not None
