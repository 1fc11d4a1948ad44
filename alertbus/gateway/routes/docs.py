"""`/docs`: the API described on one page, from its own OpenAPI. No script, no style sheet, nothing from anybody else's server."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from alertbus.gateway.context import answers

router = APIRouter(tags=["operations"])


@router.get("/docs", summary="This page", response_class=HTMLResponse, responses=answers())
async def docs(request: Request) -> HTMLResponse:
    """Every call, what it answers, and how to try it from a terminal."""
    return HTMLResponse(page(request.app.openapi(), escape(str(request.base_url).rstrip("/"))), headers=_STYLE)


_STYLE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def page(schema: dict[str, Any], base: str) -> str:
    """The page. Semantic headings and tables, so that it reads well aloud and prints well."""
    calls = [
        (path, method.upper(), operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if path != "/docs"
    ]
    contents = "".join(
        f'<li><a href="#{_anchor(m, p)}"><code>{m} {escape(p)}</code></a> {escape(o.get("summary", ""))}</li>' for p, m, o in calls
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(schema['info']['title'])} API</title></head>"
        '<body style="max-width:60rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif">'
        f"<h1>{escape(schema['info']['title'])} {escape(schema['info']['version'])}</h1><p>{escape(schema['info']['description'])}</p>"
        f'<p>The same for programs: <a href="{base}/openapi.json">{base}/openapi.json</a></p><nav><ul>{contents}</ul></nav>'
        + "".join(_call(path, method, operation, base) for path, method, operation in calls)
        + "</body></html>"
    )


def _call(path: str, method: str, operation: dict[str, Any], base: str) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{p['in']}</td><td>{escape(p.get('description', ''))}</td></tr>"
        for p in operation.get("parameters", ())
    )
    answers = "".join(f"<tr><td>{code}</td><td>{escape(a.get('description', ''))}</td></tr>" for code, a in operation["responses"].items())
    body = " -H 'content-type: application/json' -d @file.json" if "requestBody" in operation else ""
    return (
        f'<section id="{_anchor(method, path)}"><h2><code>{method} {escape(path)}</code></h2>'
        f"<p><strong>{escape(operation.get('summary', ''))}.</strong> {escape(operation.get('description', ''))}</p>"
        + (f"<table><caption>Parameters</caption>{parameters}</table>" if parameters else "")
        + f"<table><caption>Answers</caption>{answers}</table>"
        f"<pre>curl -X {method} '{base}{escape(path)}'{body}</pre></section>"
    )


def _anchor(method: str, path: str) -> str:
    return f"{method}-{path}".lower().replace("/", "-").translate({ord(c): None for c in "{}"})
