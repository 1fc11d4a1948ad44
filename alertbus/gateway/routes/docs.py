"""`/docs`: the API described on one page, from its own OpenAPI. No script, no style sheet, nothing from anybody else's server."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader

from alertbus.gateway.context import answers

router = APIRouter(tags=["operations"])

_TEMPLATES = Environment(
    loader=PackageLoader("alertbus.gateway"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


@router.get("/docs", summary="This page", response_class=HTMLResponse, responses=answers())
async def docs(request: Request) -> HTMLResponse:
    """Every call, what it answers, and how to try it from a terminal."""
    return HTMLResponse(page(request.app.openapi(), str(request.base_url).rstrip("/")), headers=_STYLE)


def page(schema: dict[str, Any], base: str) -> str:
    """Write the page. Semantic headings and tables, so that it reads well aloud and prints well."""
    calls = [
        {"path": path, "method": method.upper(), "anchor": _anchor(method, path), "operation": operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if path != "/docs"
    ]
    return _TEMPLATES.get_template("docs.html").render(info=schema["info"], base=base, calls=calls)


def _anchor(method: str, path: str) -> str:
    return f"{method}-{path}".lower().replace("/", "-").translate({ord(c): None for c in "{}"})
