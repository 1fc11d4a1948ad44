"""The table of must-nots has lost none of its objects: each has its tests, and each rule stands where its proof takes it away.

`make must-nots` takes the rules away one after the other and sees the tests fail; that takes minutes. Here is what a change of the code
can break in silence: a test that has another name, a rule that stands otherwise.
"""

from pathlib import Path

import pytest

from tests.must_nots.rows import IDS, MustNot, Removal, must_nots, orphans

TABLE = must_nots()


def test_every_must_not_has_its_row_once_and_in_order() -> None:
    assert [row.id for row in TABLE] == list(IDS)


def test_every_row_names_tests_that_are_there_and_a_rule_that_stands_exactly_once() -> None:
    assert list(orphans(TABLE)) == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_a_row_says_in_a_sentence_what_must_not_be_and_how_that_is_held(row: MustNot) -> None:
    assert row.rule.endswith(".")
    assert row.held.endswith(".") or row.held.endswith(").")
    assert any(row.id.lower().replace("-", "_") in test for test in row.tests) or row.id == "NOT-04"


def test_a_rule_that_stands_otherwise_and_a_test_that_is_gone_are_named(tmp_path: Path) -> None:
    (tmp_path / "there.py").write_text("x = 1\ny = 1\n")
    removals = (Removal(("tests/gone.py::test_gone",), "there.py", "= 1", "= 2"), Removal((), "away.py", "a", "b"))

    assert list(orphans((MustNot("NOT-01", "r", "h", removals),), tmp_path)) == [
        "NOT-01: there.py: the rule stands there 2 times: '= 1'",
        "NOT-01: away.py: the rule stands there 0 times: 'a'",
        "NOT-01: away.py: nothing is taken away, or no test is named",
        "NOT-01: no test tests/gone.py::test_gone",
    ]
    with pytest.raises(ValueError, match="2 times"):
        removals[0].apply(tmp_path)
