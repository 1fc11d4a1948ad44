"""`/operations/runbooks`: what to do when something is wrong, as the project's runbooks have it, carried by the package."""

import functools
import re

from fastapi import APIRouter, Request
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import Response

from alertbus.desk.desk import desk_of
from alertbus.model.rights import Right
from alertbus.operations.runbook_texts import text_of_runbook, titles

router = APIRouter(prefix="/operations/runbooks", include_in_schema=False)

_RUNBOOK = re.compile(r"\]\(([a-z-]+)\.md(?:#[\w-]*)?\)")
_ELSEWHERE = re.compile(r"\[([^\]]*)\]\((?!/operations/)[^)\s]*\)")
_TITLE = re.compile(r"^# .*\n+")


@router.get("")
async def runbooks(request: Request) -> Response:
    """All there are."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    return desk.shown(request, visitor, "operations/runbooks.html", titles=titles())


@router.get("/{name}")
async def runbook(name: str, request: Request) -> Response:
    """One of them."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    words = as_page(text_of_runbook(name))
    return desk.shown(request, visitor, "operations/runbook.html", title=titles()[name], words=words)


@functools.cache
def as_page(text: str) -> Markup:
    """A runbook in HTML, without its title: links to other runbooks lead to their pages, links to the project's files are their words."""
    linked = _ELSEWHERE.sub(r"\1", _RUNBOOK.sub(r"](/operations/runbooks/\1)", _TITLE.sub("", text)))
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(linked)
    # A table may be wider than a telephone: it scrolls by itself, by keyboard too.
    made = made.replace("<table>", '<div class="desk-scroll" tabindex="0" role="region" aria-label="Table"><table class="govuk-table">')
    return Markup(made.replace("</table>", "</table></div>"))  # noqa: S704  our own text, and HTML in it is escaped
