"""Each requirement has the tests that name it, and a report lists those that none names (AUD-09)."""

import json
from pathlib import Path

import pytest

from alertbus.cli.requirements_command import requirements_command
from alertbus.model.errors import NotFound
from alertbus.operations import requirements as about
from alertbus.operations.requirements import named_in, requirements, traced

ROOT = Path(__file__).parents[2]


def test_aud_09_every_id_of_the_requirements_is_listed_with_what_it_asks() -> None:
    listed = requirements()

    assert len(listed) == 231 + 26
    assert sum(name.startswith("NOT-") for name in listed) == 26
    assert [name for name, asks in listed.items() if not 20 < len(asks) < 200] == []


def test_aud_09_a_test_names_a_requirement_by_its_name_its_words_or_its_parameters() -> None:
    source = '''
def test_clk_02_and_sta_05_are_met(): pass
@pytest.mark.parametrize("x", [pytest.param(1, id="TUR-04")])
async def test_a(x): "As VPF-01 asks."
class TestThat:
    def test_b(self): """PPN-03"""
def helper_ppn_04(): "INT-01"
def test_of_abc_123(): pass
'''

    assert sorted(named_in(source)) == [
        ("CLK-02", "test_clk_02_and_sta_05_are_met"),
        ("PPN-03", "TestThat::test_b"),
        ("STA-05", "test_clk_02_and_sta_05_are_met"),
        ("TUR-04", "test_a"),
        ("VPF-01", "test_a"),
    ]


def test_aud_09_tests_of_plugins_and_the_table_of_must_nots_count_and_what_no_test_names_has_none(tmp_path: Path) -> None:
    (tmp_path / "tests" / "must_nots").mkdir(parents=True)
    (tmp_path / "plugins" / "one" / "tests").mkdir(parents=True)
    (tmp_path / "plugins" / "one" / "tests" / "test_one.py").write_text("def test_vpf_01_x(): pass")
    (tmp_path / "tests" / "must_nots" / "table.yaml").write_text("- {id: NOT-07, taken_away: [{tests: ['tests/x.py::test_y[1]']}]}")

    found = {one.id: one.tests for one in traced(tmp_path)}

    assert found["VPF-01"] == ("plugins/one/tests/test_one.py::test_vpf_01_x",)
    assert found["NOT-07"] == ("tests/x.py::test_y",)
    assert found["VPF-02"] == ()


def test_aud_09_no_test_of_ours_names_a_requirement_that_there_is_not() -> None:
    named = {
        name: test for path in (ROOT / "tests" / "unit").glob("test_*.py") for name, test in named_in(path.read_text(encoding="utf-8"))
    }
    groups = {name.partition("-")[0] for name in requirements()}

    assert {name: test for name, test in named.items() if name.partition("-")[0] in groups and name not in requirements()} == {}


def test_aud_09_the_must_nots_all_have_a_test_and_the_command_lists_who_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    requirements_command(json_=True)
    found = {one["id"]: one["tests"] for one in json.loads(capsys.readouterr().out)}
    requirements_command()
    told = capsys.readouterr().out

    assert [name for name, tests in found.items() if name.startswith("NOT-") and not tests] == []
    without = [name for name, tests in found.items() if not tests]
    assert all(name in told for name in without)
    assert f"257 requirements, {257 - len(without)} named by tests, {len(without)} by none." in told


def test_where_there_is_no_checkout_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about, "__file__", str(tmp_path / "alertbus" / "operations" / "requirements.py"))

    with pytest.raises(NotFound, match="checkout"):
        about.checkout()
