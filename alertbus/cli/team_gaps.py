"""What `alertbus doctor` says of teams: how many there are, and for which nobody answers soon. By their ids, never by anybody's name."""

from datetime import UTC, datetime

from sqlalchemy import inspect

from alertbus.cli.kafka_rights import NeedsALook
from alertbus.policy.load import load_policy
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, make_engine
from alertbus.staff.staffing import Staffing
from alertbus.staff.tables import standing_team
from alertbus.staff.team_register import TeamRegister
from alertbus.staff.unstaffed import unstaffed


async def teams_finding(settings: Settings) -> str:
    """Say how many teams there are. Raises `NeedsALook` where one has a gap in the next seven days, or waits to be published."""
    engine = make_engine(settings.sqlalchemy_url)
    try:
        with database_faults():
            return await _finding(engine, settings)
    finally:
        await engine.dispose()


async def _finding(engine: Database, settings: Settings) -> str:
    if not await engine.read(lambda connection: inspect(connection).has_table(standing_team.name)):
        return "none yet; the first start of a part makes their table"
    register = TeamRegister(engine)
    found = await register.all()
    if waiting := [one.id for one in await register.unpublished()]:
        raise NeedsALook(f"not published yet: {', '.join(waiting)}. A running gateway does it within seconds, once the broker answers.")
    staffing, policy, now = Staffing(found), load_policy(settings.policy), datetime.now(UTC)
    agencies = sorted({one.agency for one in found if one.exercise is None})
    ids = {gap.team for agency in agencies for gap in unstaffed(staffing, agency, now, policy)}
    if gaps := sorted(ids):
        shown = ", ".join(gaps[:10]) + (f" and {len(gaps) - 10} more" if len(gaps) > 10 else "")  # noqa: PLR2004  a line
        raise NeedsALook(f"in the next seven days nobody answers, or nobody covers, at times: {shown}. `alertbus teams show` says when.")
    return f"{len(found)} of {len(agencies)} agencies, each with somebody who answers in the next seven days" if found else "none recorded"
