"""`alertbus briefing`: what an agency, or a worker of it, was given when it joined a case."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.output import as_json, pairs, rows, say, to_the_minute
from alertbus.model.notice import Notice
from alertbus.plugin.briefed import briefing_lines
from alertbus.plugin.sections import consent_line
from alertbus.run.client import Client
from alertbus.settings import load_settings


def briefing(
    case: Annotated[str, typer.Argument(help="The case's id.")],
    agency: Annotated[str, typer.Option("--agency", help="The agency that joined.")],
    worker: Annotated[str | None, typer.Option("--worker", help="Only this worker's or manager's, by name.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """What the agency was given: the warnings first, the plan, who is linked, what is open, how to reach the others. The latest in full."""
    found = asyncio.run(_asked(case, agency, worker))
    if json_:
        as_json(found)
        return
    latest, *others = found["briefings"]
    notice = Notice.model_validate(latest["notice"])
    if notice.flag:
        say(notice.flag)
    pairs(
        {
            "obligation": latest["obligation_id"],
            "for": latest["worker"],
            "since": to_the_minute(latest["since"]),
            "state": latest["state"],
            "answered by": latest["acknowledged_by"],
            "because": notice.because,
        }
    )
    say(notice.summary)
    for line in filter(None, (*briefing_lines(notice), consent_line(notice))):
        say(line)
    if found["earlier"]:
        rows("Earlier", ("what", "day", "from"), [(one["title"], one["day"], one["source"]) for one in found["earlier"]], empty="")
    if others:
        lines = [(one["obligation_id"], one["worker"], one["since"][:10], one["state"]) for one in others]
        rows("Others of this agency", ("obligation", "for", "since", "state"), lines, empty="")


async def _asked(case: str, agency: str, worker: str | None) -> dict[str, Any]:
    query = {"agency": agency} | ({"worker": worker} if worker else {})
    async with Client.of(load_settings()) as client:
        return dict(await client.call("GET", f"/v1/briefings/{quote(case, safe='')}", params=query))
