"""What an agency's own system shows of a newcomer's briefing, and of an alert that stands in one or repeats another."""

from collections.abc import Callable
from datetime import date

import pytest

from alertbus.model.briefing import Briefing
from alertbus.model.notice import Message, Notice, Repeats
from alertbus.plugin import fidelity
from alertbus.plugin.briefed import before_this, briefing_lines
from alertbus.plugin.manager import Plugins
from alertbus.plugin.testing import FLAG, sample_briefing, sample_notice

PLUGINS = Plugins.load()


def rendered(notice: Notice, sector: str) -> str:
    message: Message = PLUGINS.render(notice, PLUGINS.adapter_for(sector))
    return "\n".join(fidelity.strings_of(message))


def test_vpf_11_every_section_is_said_warnings_first() -> None:
    lines = briefing_lines(sample_briefing())

    assert lines == [
        f"Warning: Violent person flag, since 2020-11-18, stated by police.test. {FLAG}",
        "Handover on 2020-11-18: social worker, from A. Predecessor to R. Postholder",
        "Handover pack: not stated",
        "Critical moment: an enquiry is open",
        "Plan: child in need plan, since 2020-11-18, for Wrenna Quillfeather-Moss",
        "Linked: putative father: in custody since 2020-11-18 (stated by probation)",
        "Overdue: Visit, for Wrenna Quillfeather-Moss, children's social care (social worker), due 2020-11-18",
        "Stands: Public Protection Notice, 2020-11-18, from police.test, high",
        "Changed lately: children's social care, A. Predecessor (social worker), from 2020-11-18",
        "Also on the case: children's social care, A. Predecessor (social worker), from 2020-11-18",
        "Before you: children's social care, A. Predecessor (social worker), from 2020-11-18 to 2020-11-18",
        "The past: What happened before is in the chronology.",
    ]


@pytest.mark.parametrize("sector", ["health", "education", "police", "no such sector"])
def test_vpf_11_every_system_but_a_landlords_shows_what_stands_and_what_is_open(sector: str) -> None:
    text = rendered(sample_briefing(sector=sector), sector)

    assert "Public Protection Notice" in text
    assert "Visit" in text
    assert "A. Predecessor" in text


def test_a_landlord_reads_the_warning_and_whom_to_call() -> None:
    text = rendered(sample_briefing(sector="housing"), "housing")

    assert f"{FLAG}. Call" in text
    assert "Predecessor" not in text


def test_a_school_reads_no_line_that_says_who_an_adult_is() -> None:
    text = rendered(sample_briefing(sector="education", because="x -> you"), "education")

    assert "Zeb" not in text
    assert "Quillfeather\n" not in text


def test_an_empty_briefing_says_nothing_but_where_the_past_is() -> None:
    notice = sample_briefing(briefing=Briefing(day=date(2020, 11, 18), past="Ask the contact."))

    assert briefing_lines(notice) == ["The past: Ask the contact."]
    assert briefing_lines(sample_notice()) == []


THIRD = Repeats(number=3, since=date(2020, 10, 1))


@pytest.mark.parametrize("sector", ["health", "education", "police", "no such sector"])
@pytest.mark.parametrize("given", [{"repeats": THIRD}, {"folded_into": "owed-1"}])
def test_ooh_05_what_repeats_or_stands_in_a_briefing_does_not_read_like_news(sector: str, given: dict[str, object]) -> None:
    news = sample_notice(sector=sector)

    assert rendered(news.model_copy(update=given), sector) != rendered(news, sector)


def test_ooh_05_it_says_which_of_the_matter_it_is_and_since_when() -> None:
    said: Callable[[Repeats], list[str]] = lambda repeats: before_this(sample_notice(repeats=repeats))  # noqa: E731

    assert said(THIRD) == ["The third of this matter since 2020-10-01."]
    assert said(THIRD.model_copy(update={"number": 11})) == ["The 11th of this matter since 2020-10-01."]
