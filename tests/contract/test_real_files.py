"""Every real or published file that may be sent to a bus has the outcome that the list gives it, and no other."""

from collections import Counter
from pathlib import Path

import pytest

from tests.sectors.frame import ROOT
from tests.sectors.realworld import RealFile, differences, digest, listed, outcome_of

MESSAGES = [one for one in listed() if one.is_message]


@pytest.mark.parametrize("real", MESSAGES, ids=[one.file for one in MESSAGES])
def test_every_real_message_has_the_outcome_that_is_listed(real: RealFile) -> None:
    copy = ROOT / real.copy

    assert digest(copy) == real.sha256, "an edited sample proves nothing"
    assert outcome_of(real.reader, copy.read_bytes())[0] == real.outcome


def test_what_is_no_message_says_why_and_is_not_copied() -> None:
    others = [one for one in listed() if not one.is_message]

    assert [one.file for one in others if (one.reader, one.copy) != ("-", "-") or len(one.outcome.split()) < 4] == []


def test_each_file_is_listed_once() -> None:
    assert [name for name, times in Counter(one.file for one in listed()).items() if times > 1] == []


def test_a_folder_that_differs_from_the_list_is_told_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "hmpps" / "court").mkdir(parents=True)
    (tmp_path / "hmpps" / "court" / "common-platform-hearing.json").write_text("{}", encoding="utf-8")
    (tmp_path / "new.xml").write_text("<a/>", encoding="utf-8")
    (tmp_path / "PROVENANCE.md").write_text("where from", encoding="utf-8")
    found = differences(tmp_path)

    assert found[0] == "not in the list: new.xml"
    assert found[-1] == "another file by now: hmpps/court/common-platform-hearing.json"
    assert len(found) == len(listed()) + 1
