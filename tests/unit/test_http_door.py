"""The gateway's door: closed to the network without TLS or a named proxy, and deaf to what anybody but that proxy forwards."""

import json
import os
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from alertbus.gateway.context import _same_machine
from alertbus.gateway.server import NOT_PAST_THE_PROXY
from alertbus.model.errors import NotAllowed, SettingsFault
from alertbus.run.client import Client
from alertbus.serving.proxies import Behind
from alertbus.settings import load_settings
from tests.certificates import Authority, Certificate

CALLERS = [{"name": "mash", "agency": "social_care", "token_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALERTBUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    return Authority(tmp_path).sign("gateway")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    await JSONResponse({"from": request.client.host if request.client else None, "scheme": request.url.scheme})(scope, receive, send)


async def called_from(address: str, headers: dict[str, str], path: str = "/") -> httpx.Response:
    transport = httpx.ASGITransport(Behind(app, ("10.0.0.7", "10.1.0.0/24"), NOT_PAST_THE_PROXY), client=(address, 4321))
    async with httpx.AsyncClient(transport=transport, base_url="http://bus") as http:
        return await http.get(path, headers=headers)


@pytest.mark.parametrize("proxy", ["10.0.0.7", "10.1.0.9"])
async def test_what_a_named_proxy_forwards_is_who_calls(proxy: str) -> None:
    answer = await called_from(proxy, {"x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https"})

    assert answer.json() == {"from": "192.0.2.9", "scheme": "https"}


async def test_a_caller_cannot_forge_its_address_in_front_of_the_proxys_word() -> None:
    answer = await called_from("10.0.0.7", {"x-forwarded-for": "127.0.0.1, 192.0.2.9"})

    assert answer.json()["from"] == "192.0.2.9"


async def test_nobody_comes_past_the_named_proxy_except_from_this_machine() -> None:
    past = await called_from("192.0.2.9", {"x-forwarded-for": "10.0.0.7"})
    here = await called_from("127.0.0.1", {"x-forwarded-for": "10.0.0.7"})

    assert past.status_code == 403
    assert past.headers["content-type"] == "application/problem+json"
    assert here.json() == {"from": "127.0.0.1", "scheme": "http"}


async def test_whoever_runs_the_machines_may_ask_a_gateway_past_its_proxy_whether_it_works_and_no_more() -> None:
    found = {path: (await called_from("192.0.2.9", {}, path)).status_code for path in ("/-/healthy", "/-/ready", "/metrics", "/-/progress")}

    assert found == {"/-/healthy": 200, "/-/ready": 200, "/metrics": 403, "/-/progress": 403}


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_a_door_without_callers_is_no_door_for_a_proxy_of_this_machine(header: str) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"127.0.0.1:8080")]}
    _same_machine(Request(scope))

    with pytest.raises(NotAllowed, match="a proxy brings callers"):
        _same_machine(Request(scope | {"headers": [*scope["headers"], (header.encode(), b"192.0.2.9")]}))  # type: ignore[misc]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "bus.example"])
def test_a_door_to_the_network_without_tls_or_a_named_proxy_is_refused(host: str) -> None:
    with pytest.raises(SettingsFault, match=r"ALERTBUS_HTTP_TLS_CERT_FILE: expected a certificate.*ALERTBUS_TRUSTED_PROXIES"):
        load_settings(http_host=host, callers=CALLERS)


def test_a_door_to_the_network_with_tls_is_taken_and_called_by_its_name(own: Certificate) -> None:
    settings = load_settings(http_host="0.0.0.0", callers=CALLERS, http_tls_cert_file=own.cert, http_tls_key_file=own.key)

    assert settings.api_url == "https://0.0.0.0:8080"
    assert settings.model_copy(update={"http_url": "https://bus.example"}).api_url == "https://bus.example"


def test_a_certificate_without_its_key_is_refused_and_so_is_a_key_that_others_can_read(own: Certificate) -> None:
    with pytest.raises(SettingsFault, match="give both files"):
        load_settings(http_tls_cert_file=own.cert)

    own.key.chmod(0o644)
    with pytest.raises(SettingsFault, match=r"ALERTBUS_HTTP_TLS_KEY_FILE: .*chmod 600"):
        load_settings(http_tls_cert_file=own.cert, http_tls_key_file=own.key)


def test_a_proxy_in_front_of_a_door_without_callers_is_refused() -> None:
    with pytest.raises(SettingsFault, match=r"ALERTBUS_TRUSTED_PROXIES: .*ALERTBUS_CALLERS"):
        load_settings(trusted_proxies=["127.0.0.1"])


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.0/8/8"])
def test_a_proxy_is_named_by_its_address(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_TRUSTED_PROXIES", json.dumps([proxy]))

    with pytest.raises(SettingsFault, match="ALERTBUS_TRUSTED_PROXIES: expected a list of addresses or networks"):
        load_settings(callers=CALLERS)


def test_an_authority_that_is_none_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hunter2")

    with pytest.raises(SettingsFault, match="ALERTBUS_HTTP_CA_FILE") as fault:
        Client("https://bus.example", ca_file=tmp_path / "ca.pem")

    assert "hunter2" not in str(fault.value)
