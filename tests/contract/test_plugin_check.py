"""`alertbus plugin check` (DESIGN sections 8 and 10): whatever a plugin does to the process that judges it, there is a finding in seconds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alertbus.cli.plugins import app
from alertbus.plugin.kit import check_process
from alertbus.plugin.kit.check_process import Checked, checked
from alertbus.plugin.testing import Report, RuleResult, Tier
from tests.contract.bad_plugins.good_sources import CALL

PLUGIN = """
import json
import os
import signal
import sys
import time

from alertbus.plugin import Alert, Identifier, Person, Subject, UnreadableMessage, hookimpl
{at_import}

class Northfield:
    name = "northfield-calls"

    def parse(self, raw, headers):
        {at_a_call}
        try:
            call = json.loads(raw)
            at = call["at"]
            who = Subject(person=Person(identifiers=(Identifier(system="crn", value=call["crn"]),)))
            return [Alert(id=call["id"], source="n.calls", kind="threat_to_staff", occurred_at=at, recorded_at=at, subjects=(who,))]
        except (ValueError, TypeError, LookupError, RecursionError):
            pass
        raise UnreadableMessage(("$", "a call: id, at, crn"))


@hookimpl
def alertbus_sources():
    {at_the_hook}
    return [Northfield()]
"""


def written(folder: Path, *, at_import: str = "", at_a_call: str = "pass", at_the_hook: str = "pass") -> Path:
    """Write a plugin of one file, with one sample beside it, that does something it should not."""
    (folder / "samples" / "northfield-calls").mkdir(parents=True)
    (folder / "samples" / "northfield-calls" / "call.json").write_bytes(CALL)
    file = folder / "northfield.py"
    file.write_text(PLUGIN.format(at_import=at_import, at_a_call=at_a_call, at_the_hook=at_the_hook), "utf-8")
    return file


def broken(found: Checked) -> dict[str, str]:
    (judgement,) = found.judgements
    return {result.id: result.broken for result in judgement.report.failed}


class TestAPluginThatKeepsTheRules:
    def test_it_has_its_tier_its_objects_and_exit_code_0(self, tmp_path: Path) -> None:
        ran = CliRunner().invoke(app, ["check", str(written(tmp_path)), "--json", "--at-least", "platinum"])

        assert json.loads(ran.stdout) == {
            "tier": "platinum",
            "objects": [
                {
                    "name": "northfield-calls",
                    "kind": "source",
                    "tier": "platinum",
                    "failed": [],
                    "exempt": [],
                    "unseen": [],
                    "not_judged": [],
                },
            ],
        }
        assert ran.exit_code == 0

    def test_a_rule_that_found_nothing_to_look_at_holds_and_is_shown_as_unseen(self, tmp_path: Path) -> None:
        file = written(tmp_path)
        text = file.read_text("utf-8").replace("subjects=(who,)", 'subjects=(who,), narrative=({"text": "Somebody threatened us"},)')
        file.write_text(text, "utf-8")

        ran = CliRunner().invoke(app, ["check", str(file), "--at-least", "platinum"])

        assert ran.exit_code == 0
        assert "  unseen   carries long words whole or refuses them (gold): none of the words of its alerts stand in" in ran.stdout

    def test_an_installed_plugin_is_checked_by_its_name_and_its_tests_give_the_samples(self) -> None:
        found = checked("school")

        assert (found.cannot, [(j.name, j.kind) for j in found.judgements], found.tier) == ("", [("school", "source")], Tier.PLATINUM)


class TestExitCodes:
    @pytest.mark.parametrize(("tier", "code"), [("bronze", 0), ("silver", 1), ("gold", 1)])
    def test_the_tier_asked_for_decides(self, monkeypatch: pytest.MonkeyPatch, tier: str, code: int) -> None:
        bronze = check_process.JudgedObject("northfield", "source")
        monkeypatch.setattr(check_process.JudgedObject, "report", Report((RuleResult("is quiet", Tier.SILVER, "", "", "it prints"),)))
        monkeypatch.setattr(check_process, "checked", lambda path: Checked([bronze]))

        assert CliRunner().invoke(app, ["check", "northfield", "--at-least", tier]).exit_code == code

    def test_below_the_tier_asked_for_is_1_with_the_rule_why_it_matters_and_how_to_mend_it(self, tmp_path: Path) -> None:
        file = written(tmp_path, at_a_call="print('Zebedee Wintergreen')")

        ran = CliRunner().invoke(app, ["check", str(file), "--json"])

        assert ran.exit_code == 1
        (failed,) = json.loads(ran.stdout)["objects"][0]["failed"]
        assert failed.pop("how").startswith("call.json as it is: it wrote ")
        assert failed == {
            "rule": "writes-nothing-to-the-screen-or-a-log",
            "tier": "silver",
            "why": "What is printed or logged is read by people who may not know the family.",
            "mend": "Take out print and logging; say what is wrong in a fault.",
            "page": "alertbus/plugin/rules/writes-nothing-to-the-screen-or-a-log.md",
        }

    @pytest.mark.parametrize(
        ("what", "said"),
        [
            ({"at_import": "raise SystemExit(0)"}, "importing northfield raised SystemExit"),
            ({"at_import": "import nothing_of_that_name"}, "importing northfield raised ModuleNotFoundError"),
            ({"at_import": "os._exit(0)"}, "while it was loaded: the plugin ended the process (exit code 0)"),
            ({"at_import": "import ctypes; ctypes.string_at(0)"}, "while it was loaded: the plugin ended the process (SIGSEGV)"),
            ({"at_the_hook": "return None"}, "returned NoneType (expected: a list or tuple of objects)"),
            ({"at_the_hook": "return []"}, "it offers no adapter and no source"),
        ],
        ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
    )
    def test_what_cannot_be_loaded_is_2_with_the_reason(self, tmp_path: Path, what: dict[str, str], said: str) -> None:
        ran = CliRunner().invoke(app, ["check", str(written(tmp_path, **what)), "--json"])

        assert ran.exit_code == 2
        answer: dict[str, Any] = json.loads(ran.stdout)
        assert answer["tier"] == "none"
        assert said in answer["cannot_be_loaded"]

    def test_neither_a_path_nor_an_installed_name_is_2(self) -> None:
        ran = CliRunner().invoke(app, ["check", "no_plugin_of_that_name"])

        assert ran.exit_code == 2
        assert "neither a path nor the name of an installed plugin" in ran.stderr


class TestWhateverItDoes:
    @pytest.mark.parametrize(
        ("what", "how"),
        [
            ("time.sleep(60)", "a call worked for longer than"),
            ("signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM, signal.SIGPROF]); time.sleep(60)", "one call did not end within"),
            ("assert bytearray(700 * 2**20)", "a call wanted more than 256 MB of memory"),
            ("os._exit(0)", "the plugin ended the process (exit code 0)"),
            ("import ctypes; ctypes.string_at(0)", "the plugin ended the process (SIGSEGV)"),
            ("os.kill(os.getpid(), signal.SIGKILL)", "the plugin ended the process (SIGKILL)"),
        ],
        ids=["sleeps", "sleeps and cannot be woken", "700 MB", "exits", "reads where nothing is", "kills itself"],
    )
    def test_a_plugin_that_stops_or_ends_its_process_is_a_finding(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, how: str
    ) -> None:
        monkeypatch.setattr(check_process, "STALL", 6.0)

        found = checked(str(written(tmp_path, at_a_call=what)))

        assert found.cannot == ""
        assert list(broken(found)) == ["stays-within-time-and-memory"]
        assert how in broken(found)["stays-within-time-and-memory"]
        assert found.tier is Tier.NONE

    def test_an_exit_by_the_languages_own_way_is_an_outcome_that_nobody_defined(self, tmp_path: Path) -> None:
        found = checked(str(written(tmp_path, at_a_call="sys.exit(0)")))

        assert list(broken(found)) == ["gives-every-sample-a-defined-outcome"]
        assert "SystemExit" in next(iter(broken(found).values()))

    def test_nothing_that_it_prints_reaches_the_screen(self, tmp_path: Path) -> None:
        says = "os.write(1, b'Wintergreen'); os.write(2, b'Wintergreen'); print('Wintergreen'); print('Wintergreen', file=sys.stderr)"
        file = written(tmp_path, at_import=says, at_a_call=says)

        ran = subprocess.run(
            [sys.executable, "-m", "alertbus", "plugin", "check", str(file)], check=False, capture_output=True, text=True, timeout=120
        )

        assert ran.returncode == 1
        assert "Wintergreen" not in ran.stdout + ran.stderr
        assert "writes nothing to the screen or a log" in ran.stdout

    def test_what_it_writes_into_the_pipe_of_the_check_is_passed_over(self, tmp_path: Path) -> None:
        forged = "import sys as _s; _p = int(_s.argv[2]); os.write(_p, b'{\"done\": tru\\n[1]\\nnothing of ours\\n')"

        assert checked(str(written(tmp_path, at_import=forged))).tier is Tier.PLATINUM
