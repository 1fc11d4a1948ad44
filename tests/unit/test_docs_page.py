"""The page that describes the API: whole, and nothing in it is taken for markup."""

from typing import Any

from alertbus.gateway.routes.docs import page


def schema(**operation: Any) -> dict[str, Any]:
    described = {"summary": "State <an> alert", "description": "a & b", "responses": {"202": {"description": 'said "yes"'}}, **operation}
    return {
        "info": {"title": "t<>", "version": "1", "description": "d"},
        "paths": {"/v1/a/{id}": {"post": described}, "/docs": {"get": {}}},
    }


def test_what_stands_in_the_description_is_text_and_no_markup() -> None:
    shown = page(schema(parameters=[{"name": "<x>", "in": "query"}]), "http://h/'><script>")

    assert "<script>" not in shown
    assert "<x>" not in shown
    assert "State &lt;an&gt; alert" in shown
    assert "a &amp; b" in shown


def test_a_call_has_its_anchor_its_answers_and_its_line_for_a_terminal() -> None:
    shown = page(schema(requestBody={"required": True}), "http://h")

    assert '<a href="#post--v1-a-id"><code>POST /v1/a/{id}</code></a>' in shown
    assert '<section id="post--v1-a-id">' in shown
    assert "<tr><td>202</td><td>said &#34;yes&#34;</td></tr>" in shown
    assert "<pre>curl -X POST 'http://h/v1/a/{id}' -H 'content-type: application/json' -d @file.json</pre>" in shown
    assert "<caption>Parameters</caption>" not in shown
    assert "/docs" not in shown
