"""The Prometheus rules ask for figures that the bus gives, and each names a runbook that is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alertbus.rules.yml"
CODE = "\n".join(p.read_text(encoding="utf-8") for room in ("gateway", "operations") for p in (ROOT / "alertbus" / room).rglob("*.py"))


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_has_what_prometheus_and_the_person_on_call_need(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    runbook = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    assert runbook.startswith(f"# {rule['alert']}\n")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_asks_only_for_figures_that_the_gateway_gives(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"alertbus_[a-z_]+", rule["expr"]))

    given = {name for name in asked if f'"{name}"' in CODE or f'"{name.removeprefix("alertbus_")}"' in CODE}
    assert asked == given


def test_whoever_is_on_call_finds_every_runbook_by_a_rule_a_log_line_or_the_operations_page() -> None:
    named = {Path(rule["annotations"]["runbook"]).name for rule in rules()}
    told = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    told += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "alertbus").rglob("*.py"))

    for path in (ROOT / "deploy" / "runbooks").glob("*.md"):
        assert path.name in named or path.name in told, path.name


def test_every_command_in_a_runbook_is_one_of_ours() -> None:
    from typer.main import get_command

    from alertbus.cli.main import app

    top: Any = get_command(app)
    for path in (ROOT / "deploy" / "runbooks").glob("*.md"):
        for words in re.findall(r"`alertbus ([a-z][a-z ]*)", path.read_text(encoding="utf-8")):
            first, *rest = words.split()
            command = top.get_command(None, first)
            assert not hasattr(command, "list_commands") or rest[0] in command.list_commands(None), f"{path.name}: alertbus {words}"
