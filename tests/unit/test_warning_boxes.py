"""The warnings at the head of a family and of a briefing."""

from datetime import date

from alertbus.desk.briefing_parts import warnings
from alertbus.model.briefing import BriefedFlag


def _flag(day: int, source: str | None = "police", grade: str | None = None) -> BriefedFlag:
    return BriefedFlag(
        kind="threat_to_staff", title="Threat to staff", action="Do not visit alone.", since=date(2026, 3, day), source=source, grade=grade
    )


def test_VPF_11_warnings_that_say_the_same_are_one_box_with_a_line_for_each() -> None:  # noqa: N802
    boxes = warnings([_flag(1), _flag(2, "childrens_social_care"), _flag(3, None)])
    assert [one.what for one in boxes] == ["Threat to staff: Do not visit alone."]
    assert boxes[0].said == (
        "since Sun 1 Mar 2026, stated by Police",
        "since Mon 2 Mar 2026, stated by Children's social care",
        "since Tue 3 Mar 2026",
    )


def test_VPF_07_warnings_of_another_grade_keep_a_box_of_their_own() -> None:  # noqa: N802
    assert [one.what for one in warnings([_flag(1), _flag(2, grade="violence")])] == [
        "Threat to staff: Do not visit alone.",
        "Threat to staff (violence): Do not visit alone.",
    ]
