"""The end of `alertbus demo`: a desk with the review's family on it, and somebody of each role who can sign in."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from alertbus.cli.output import progress, say
from alertbus.desk.dress import lacking
from alertbus.desk.in_words import agency, role
from alertbus.rehearsal.desk_people import PEOPLE, made_password
from alertbus.rehearsal.desk_staged import LAST, StagedDesk, keep_time, stage_desk
from alertbus.rehearsal.scenario import load_scenario
from alertbus.run.bootstrap import DESK, PARTS, now, wired
from alertbus.run.supervisor import Supervisor
from alertbus.settings import Settings


def parts_with_desk() -> tuple[str, ...]:
    """The parts of the bus under the desk; without the desk itself, and a word about it, where its style sheet was not made."""
    if (missing := lacking()) is None:
        return (*PARTS, DESK)
    say(f"desk       not shown: {missing}")
    return PARTS


async def show_desk(supervisor: Supervisor, settings: Settings, folder: Path, stopped: asyncio.Event) -> None:
    """Set the family and the people up, say who can sign in, and stay until stopped."""
    say("Setting the desk: the same family, its timeline moved so that its last alert is today.")
    password = made_password()
    async with wired(settings) as wiring:
        with progress("events", _number(folder)) as tick:
            staging = asyncio.create_task(stage_desk(folder, wiring, password, now(), tick))
            ending = asyncio.create_task(stopped.wait())
            await asyncio.wait({staging, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not staging.done():
            staging.cancel()
            return
        staged = staging.result()
        for line in told(settings, supervisor.url, staged, password, with_desk=DESK in supervisor.parts):
            say(line)
        await keep_time(staged, wiring, stopped, now)


def told(settings: Settings, url: str, staged: StagedDesk, password: str, *, with_desk: bool) -> Sequence[str]:
    """What stands on the screen at the end, the desk's address last."""
    lines = [
        "",
        "The bus stays up. Look, from another terminal:",
        f"  ALERTBUS_DATA_DIR={settings.data_dir} alertbus status CB-057",
        f"  curl '{url}/v1/inbox?agency=health_visiting&state=all'",
        f"  {url}/docs",
        "To see an alert come to an open inbox, a threat to staff (invented):",
        f"  ALERTBUS_DATA_DIR={settings.data_dir} alertbus send {staged.threat}",
    ]
    if with_desk:
        lines += ["", "The desk is open to these people. Everything on it is an exercise, and this password ends with it:"]
        lines += [f"  {'sign in as':<15} {'who':<22} {'at':<26} {'role':<18} look first at"]
        for one in PEOPLE:
            lines.append(f"  {one.username:<15} {one.name:<22} {agency(one.agency):<26} {role(one.role):<18} {one.first}")
        lines += [f"  password of all {password}"]
    lines += ["Ctrl-C stops everything and removes the folder."]
    return [*lines, "", f"The desk: {settings.desk_address}", "Sign in as health-visitor first."] if with_desk else lines


def _number(folder: Path) -> int:
    ids = [event.id for event in load_scenario(folder, "check").events]
    return ids.index(LAST) + 1
