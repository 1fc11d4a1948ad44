"""What a plugin does not keep stands with a reason in its `exempt.toml`, is shown with its tier, and never covers a rule that protects people."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alertbus.cli.plugins import app
from alertbus.model.errors import PluginFault
from alertbus.plugin.kit.exemptions import every_rule, exemptions_in
from alertbus.plugin.kit.tier_report import check
from alertbus.plugin.testing import Report, SourceConformance, Tier
from tests.contract.bad_plugins.source_never_alerts import samples, source

RULE = "raises-an-alert-for-at-least-one-sample"
WHO = """
from alertbus.plugin import Ignored, UnreadableMessage, hookimpl


class Register:
    name = "register"

    def parse(self, raw, headers):
        if raw == b"nobody moved":
            return Ignored("a register without a move raises nothing")
        raise UnreadableMessage(("$", "a register"))


@hookimpl
def alertbus_sources():
    return [Register()]
"""


def plugin(folder: Path, exempt: str) -> Path:
    (folder / "samples" / "register").mkdir(parents=True)
    (folder / "samples" / "register" / "quiet").write_bytes(b"nobody moved")
    (folder / "register.py").write_text(WHO, "utf-8")
    (folder / "register.exempt.toml").write_text(exempt, "utf-8")
    return folder / "register.py"


@pytest.fixture(scope="module")
def report() -> Report:
    return check(SourceConformance, source=source, samples=samples)


def test_an_exemption_counts_as_held_and_keeps_its_reason(report: Report) -> None:
    exempt = report.exempting({RULE: "it only looks"})

    assert (report.tier, [each.id for each in report.failed]) == (Tier.NONE, [RULE])
    assert (exempt.tier, exempt.failed) == (Tier.PLATINUM, ())
    assert [each.exempt for each in exempt.results if each.id == RULE] == ["it only looks"]


def test_a_rule_that_protects_people_is_broken_whatever_is_claimed(report: Report) -> None:
    claimed = report.exempting({each.id: "we know better" for each in report.results})

    assert {each.id for each in claimed.results if each.exempt} == {id_ for id_, rule in every_rule().items() if not rule.protects} & {
        each.id for each in report.results
    }


def test_check_shows_it_with_the_tier(tmp_path: Path) -> None:
    file = plugin(tmp_path, f'{RULE} = "it states who is who, and never an alert"')

    answer = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).stdout)

    (source_,) = answer["objects"]
    assert (source_["tier"], source_["failed"]) == ("platinum", [])
    assert [(each["rule"], each["reason"]) for each in source_["exempt"]] == [(RULE, "it states who is who, and never an alert")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('says-why-a-message-states-nothing = "too hard"', "`says-why-a-message-states-nothing` protects people, and no plugin is exempt"),
        ('remembers-nothing-of-the-last-message = "we cache"', "protects people"),
        ('is-very-good = "it is"', "there is no rule of that name"),
        (f'{RULE} = " "', "has no reason of up to 400 characters"),
        (f"{RULE} = true", "has no reason of up to 400 characters"),
        ("no toml", "cannot be read as TOML"),
    ],
    ids=["gold", "silver, and protects", "no rule", "empty reason", "no text", "no TOML"],
)
def test_what_may_not_be_claimed_is_refused_aloud(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "exempt.toml").write_text(line, "utf-8")

    with pytest.raises(PluginFault, match=said):
        exemptions_in(tmp_path / "__init__.py")


def test_check_refuses_a_plugin_that_claims_what_it_may_not(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["check", str(plugin(tmp_path, 'calls-garbage-unreadable = "too hard"')), "--json"])

    assert ran.exit_code == 2
    assert "protects people" in json.loads(ran.stdout)["cannot_be_loaded"]


def test_the_list_of_plugins_shows_it(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    package = folder / "register"
    package.mkdir(parents=True)
    shutil.copy(plugin(tmp_path / "written", f'{RULE} = "it states who is who, and never an alert"'), package / "__init__.py")
    shutil.copy(tmp_path / "written" / "register.exempt.toml", package / "exempt.toml")

    ran = CliRunner().invoke(app, ["list", "--json", "--plugins-dir", str(folder)])

    rows = {row["name"]: row for row in json.loads(ran.stdout)}
    assert rows["register"]["exempt"] == [f"{RULE}: it states who is who, and never an alert"]
    assert rows["school"]["exempt"] == []
