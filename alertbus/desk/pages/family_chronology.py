"""`/families/{case_id}/chronology`: the case's history for who holds it, by time, theme, child and agency; its chart; taking it along."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.chronology_counts import counts_of, tally
from alertbus.chronicle.formats import HELD_BACK
from alertbus.chronicle.themes import THEMES, Theme
from alertbus.desk.chart import chart_of
from alertbus.desk.chronology_lines import chronology_lines, hard
from alertbus.desk.desk import desk_of
from alertbus.desk.in_words import agency
from alertbus.model.case import AGENCY_NAME
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right
from alertbus.serving.chronology_export import MEDIA_TYPES, as_form
from alertbus.serving.chronology_shown import ChronologyChosen, ChronologyReader

router = APIRouter(prefix="/families/{case_id}/chronology", include_in_schema=False)

SHOWN = 30
"""Statements on a page. Chosen: with their words they stay under 150 kB, and all of them are in a download."""

DOWNLOADS = {"pdf": "PDF, for a meeting or paper", "html": "One page for a browser or a printer", "csv": "CSV, for a spreadsheet"}
_BOM = "\ufeff".encode()
"""Without it spreadsheets take the letters of `Zoë` for others."""


def _chosen(
    theme: Annotated[str, Query(max_length=40)] = "",
    child: Annotated[str, Query(pattern=r"^[0-9]{0,2}$")] = "",
    siblings: Annotated[bool, Query()] = False,
    stated_by: Annotated[str, Query(pattern=rf"^$|{AGENCY_NAME}", max_length=120)] = "",
    by: Annotated[str, Query(pattern="^(theme|agency)$")] = "theme",
) -> "ChronologyWanted":
    """What the address asks for. A field of the form that was left alone comes empty, and asks for everything."""
    if theme and theme not in set(Theme):
        raise NotFound("no such theme")
    return ChronologyWanted(
        ChronologyChosen(Theme(theme) if theme else None, stated_by or None, int(child) if child else None, siblings), by
    )


@dataclass(frozen=True, slots=True)
class ChronologyWanted:
    """Which entries, and whether the lanes of the chart are themes or agencies."""

    chosen: ChronologyChosen
    by: str = "theme"

    def address(self, **more: Any) -> str:
        """The query of an address that asks for the same."""
        given = {
            "theme": self.chosen.theme,
            "child": self.chosen.child,
            "siblings": "true" if self.chosen.siblings else None,
            "stated_by": self.chosen.stated_by,
            "by": self.by if self.by != "theme" else None,
        } | more
        return urlencode({name: value for name, value in given.items() if value is not None})


AskedOfHistory = Annotated[ChronologyWanted, Depends(_chosen)]


@router.get("")
async def chronology(case_id: str, request: Request, wanted: AskedOfHistory, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """A page of it, hard words closed."""
    return await _shown(case_id, request, wanted, page)


@router.post("/words")
async def words(case_id: str, request: Request, wanted: AskedOfHistory, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """The same page with hard words open: of one statement, or of all on the page. That they were opened is on record before that."""
    desk = desk_of(request)
    await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    return await _shown(case_id, request, wanted, page, opens=str(form.get("statement") or ""))


@router.get("/download")
async def download(
    case_id: str, request: Request, wanted: AskedOfHistory, form: Annotated[str, Query(pattern="^(pdf|html|csv)$")]
) -> Response:
    """What was chosen as a file, with the words of all of it. It says at its head who took it, and it is on record before it is sent."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    reader = ChronologyReader(desk.database, desk.intake, desk.policy, desk.now)
    found = await reader.read(case_id, visitor.caller, wanted.chosen, form=f"{form} to take along", by=visitor.name)
    exported = reader.exported(found, by=visitor.name, agency=visitor.at)
    made = await as_form(form, found, exported)
    name = f"chronology-{case_id}-{exported.at:%Y-%m-%d}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response((_BOM if form == "csv" else b"") + made, media_type=MEDIA_TYPES[form], headers=headers)


async def _shown(case_id: str, request: Request, wanted: ChronologyWanted, page: int, *, opens: str | None = None) -> Response:
    """`opens`: the statement whose words are to be shown, or nothing for all on the page; None: none are."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    reader = ChronologyReader(desk.database, desk.intake, desk.policy, desk.now)
    found = await reader.read(case_id, visitor.caller, wanted.chosen, form="page", by=visitor.name, with_clocks=True)
    first = (page - 1) * SHOWN
    here = found.entries[first : first + SHOWN]
    opened = {one.statement_id for one in here if hard(one) and opens in {"", one.statement_id}}
    if opened:
        about = sorted({one.alert_id for one in here if one.statement_id in opened})
        await desk.intake.audited.note(AuditedDeed.WORDS_READ, visitor.caller, by=visitor.name, about=about, reason="opened the words")
    titles = {kind: rule.title for kind, rule in desk.policy.kinds.items()}
    counts = counts_of(found.entries, [one.due for one in found.missed if one.due], agency=agency if wanted.by == "agency" else None)
    return desk.shown(
        request,
        visitor,
        "family_chronology.html",
        found=found,
        wanted=wanted,
        lines=chronology_lines(here, found.every, titles, first=first + 1, child=wanted.chosen.key(found.case), opened=opened),
        counts=counts,
        chart=chart_of(counts),
        tally=tally(found.entries, found.children),
        themes={one.value: words for one, words in THEMES.items()},
        downloads=DOWNLOADS,
        page=page,
        last=max(1, -(-len(found.entries) // SHOWN)),
        held_back=HELD_BACK,
    )
