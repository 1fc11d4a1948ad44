"""A notice is addressed when it is sent: to who answers then, with the reason, and nothing changes where an agency has no teams."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from alertbus.delivery.addressing import Addressing, addressed
from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.render import Renderer
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Message, Notice
from alertbus.model.team import Team
from alertbus.plugin import fidelity
from alertbus.plugin.kit.samples import addressed_notice, sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff import tables as _tables  # noqa: F401  it stands in `metadata` once it is imported
from alertbus.staff.staffing import Staffing
from alertbus.staff.team_book import TeamBook
from alertbus.staff.team_register import TeamRegister

POLICY = load_policy()
NOW = datetime(2026, 12, 7, 10, 0, tzinfo=UTC)
AWAY = {"who": "R. Postholder", "from": "2026-12-01", "to": "2026-12-14", "cover": "Q. Standin"}


def a_team(**said: Any) -> Team:
    people = [{"name": "R. Postholder"}, {"name": "Q. Standin"}]
    whole = {"id": "health_visiting.north", "agency": "health_visiting", "name": "North team", "members": people, "absences": [AWAY]}
    return Team.model_validate(whole | said)


def test_tur_05_what_is_sent_while_somebody_is_away_is_addressed_to_their_cover_and_says_why() -> None:
    found = addressed(sample_notice(), Staffing([a_team()]), POLICY, NOW)

    assert found.recipient == "Q. Standin"
    assert found.answering is not None
    assert found.answering.trail[0] == "R. Postholder (named on the case) is absent until 14 December 2026; covered by Q. Standin"
    assert found.model_copy(update={"recipient": "R. Postholder", "answering": None}) == sample_notice()


@pytest.mark.parametrize("teams", [[], [a_team(id="gp.a", agency="gp")], [a_team(exercise="x1")]])
def test_where_the_agency_has_no_teams_a_message_is_the_same_byte_for_byte(teams: list[Team]) -> None:
    plugins, notice = Plugins.load(), sample_notice()
    found = addressed(notice, Staffing(teams), POLICY, NOW)

    assert found is notice
    for sector in ("health", "police", "education", "housing", "anything else"):
        assert plugins.render(found, plugins.adapter_for(sector)) == plugins.render(sample_notice(), plugins.adapter_for(sector))


def test_ppn_07_the_first_notice_says_when_cover_resumes_and_who_is_there_until_then() -> None:
    told = sample_notice()
    owed = told.obligation.model_copy(update={"agency": "childrens_social_care", "role": "social_worker"})
    notice = told.model_copy(update={"obligation": owed})
    friday_night, boxing_day = datetime(2026, 12, 4, 22, tzinfo=UTC), datetime(2026, 12, 26, 12, tzinfo=UTC)

    found = addressed(notice, Staffing([]), POLICY, friday_night)
    assert found.answering is not None
    assert found.answering.trail == ("the day team is not there until Monday 7 December 2026 09:00: until then emergency duty team",)
    assert found.recipient == notice.recipient, "nobody else is addressed by it"
    over_christmas = addressed(notice, Staffing([]), POLICY, boxing_day).answering
    assert over_christmas is not None
    assert "until Tuesday 29 December 2026 09:00" in over_christmas.trail[0]
    assert addressed(notice, Staffing([]), POLICY, NOW).answering is None, "they are there"
    desk = notice.model_copy(update={"obligation": owed.model_copy(update={"role": "emergency_duty_team"})})
    assert addressed(desk, Staffing([]), POLICY, friday_night).answering is None, "the desk itself is there"


def test_ppn_07_a_desk_that_answers_for_a_closed_team_says_until_when() -> None:
    week = [{"opens": "09:00", "closes": "17:00"}]
    team = a_team(absences=[AWAY | {"cover": None}], hours=week, out_of_hours={"text": "Night desk"})
    found = addressed(sample_notice(), Staffing([team]), POLICY, datetime(2026, 12, 4, 22, tzinfo=UTC))
    assert found.answering is not None
    assert found.answering.trail[-1] == "Night desk answers until Monday 7 December 2026 09:00, when North team is there again"


def test_a_desk_is_addressed_where_no_person_is_found_and_nobody_where_there_is_no_desk() -> None:
    gone = [AWAY | {"cover": None}]
    desk = addressed(sample_notice(), Staffing([a_team(absences=gone, out_of_hours={"text": "Night desk"})]), POLICY, NOW)
    none = addressed(sample_notice(), Staffing([a_team(absences=gone)]), POLICY, NOW)

    assert (desk.recipient, none.recipient) == ("Night desk", None)
    assert none.answering is not None
    assert none.answering.trail[-1].startswith("NOBODY answers for health visiting")


def test_a_rehearsed_notice_is_looked_up_at_its_own_moment_among_its_exercises_teams() -> None:
    drill = Staffing(
        [a_team(exercise="x1", absences=[AWAY | {"from": "2020-11-18", "to": "2020-11-18"}]), a_team(id="health_visiting.real")]
    )
    step = ItemStep(kind=StepKind.REMINDER, at=datetime(2020, 11, 19, 12, 0, tzinfo=UTC))

    assert addressed(sample_notice(exercise="x1"), drill, POLICY, NOW).recipient == "Q. Standin"
    assert addressed(sample_notice(exercise="x1", deed=Deed.ESCALATE, step=step), drill, POLICY, NOW).recipient == "R. Postholder"


@pytest.mark.parametrize("sector", ["health", "police", "education", "no plugin for this one"])
def test_every_adapter_but_housing_shows_for_whom_a_notice_is_and_why(sector: str) -> None:
    plugins, notice = Plugins.load(), addressed_notice()
    message = plugins.render(notice, plugins.adapter_for(sector))
    said = "\n".join(fidelity.strings_of(message))

    assert "Q. Standin" in said
    assert "is absent until 14 December 2020; covered by Q. Standin" in said
    assert "Night desk, 01632 960456" in said
    assert fidelity.altered(notice, message) == ()


def test_housing_has_no_place_for_anybody_who_works_there() -> None:
    """A landlord's alert stands on many screens, and stays: no person's name is in it, whoever answers."""
    plugins = Plugins.load()
    housing = plugins.adapter_for("housing")

    assert plugins.render(addressed_notice(), housing).body == plugins.render(sample_notice(), housing).body
    assert b"Standin" not in plugins.render(addressed_notice(), housing).body


def test_a_trail_is_no_quotation_of_what_was_said_though_it_shares_words_with_it() -> None:
    from alertbus.model.notice import Excerpt

    notice = addressed_notice(narrative=(Excerpt.of("Q. Standin answers (covers)"),))
    plugins = Plugins.load()

    assert fidelity.altered(notice, plugins.render(notice, plugins.adapter_for("health"))) == ()


@pytest.fixture
async def engine(tmp_path: Path) -> Any:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


async def test_a_change_of_a_team_counts_from_the_next_look_and_no_notice_asks_the_database(engine: Any) -> None:
    book, register, asked = TeamBook(engine), TeamRegister(engine), []
    addressing = Addressing(book, POLICY, lambda: NOW)
    await book.renew()
    assert addressing(sample_notice()).answering is None

    await register.record(a_team(absences=[]), NOW, None)
    await book.renew()
    assert addressing(sample_notice()).recipient == "R. Postholder"
    await register.record(a_team(), NOW + timedelta(days=1), 1)
    assert addressing(sample_notice()).recipient == "R. Postholder", "not before the next look"

    before = book.staffing
    await book.renew()
    assert addressing(sample_notice()).recipient == "Q. Standin"
    stands = book.staffing
    await book.renew()
    assert book.staffing is stands is not before, "nothing is read again while nothing changes"
    engine.read = lambda _: asked.append("the database")
    for _ in range(100):
        addressing(sample_notice())
    assert asked == []


async def test_nobody_is_loud_in_the_log_and_no_name_is_in_it(engine: Any, log_lines: io.StringIO) -> None:
    book = TeamBook(engine)
    await TeamRegister(engine).record(a_team(absences=[AWAY | {"cover": None}], deputy="R. Postholder"), NOW, None)
    await book.renew()
    renderer = Renderer(Plugins.load(), 2.0, Addressing(book, POLICY, lambda: NOW))
    body = sample_notice().model_dump_json(by_alias=True, exclude_defaults=True).encode()
    leased = Leased("n", "o", "a", "c", "health_visiting", "health", "r", "deliver", "lane", 1, body)

    [message] = await renderer.render("health", [leased])

    assert isinstance(message, Message)
    assert b"NOBODY answers" in message.body
    [line] = [line for line in map(json.loads, log_lines.getvalue().splitlines()) if line["event"].startswith("nobody answers")]
    assert (line["agency"], line["level"]) == ("health_visiting", "warning")
    assert "Postholder" not in log_lines.getvalue()


@pytest.fixture
def log_lines() -> Any:
    import logging

    from alertbus import logs

    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "DEBUG", "delivery", stream=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_what_is_given_when_it_is_sent_stands_on_no_topic() -> None:
    assert "answering" not in json.loads(sample_notice().model_dump_json(by_alias=True, exclude_defaults=True))
    assert Notice.model_validate_json(addressed_notice().model_dump_json()) == addressed_notice()
