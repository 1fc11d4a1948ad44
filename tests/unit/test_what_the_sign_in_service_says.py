"""What a sign-in service says is believed when it has signed it, for this desk, this visit and this time; and nobody is let in on a guess."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in.service import BACK_CHANNEL, SignInService
from alertbus.desk.sign_in.service_claims import NotLetIn, person_of
from alertbus.desk.visitor import Role
from alertbus.settings import Settings
from alertbus.sign_in_settings import OidcSettings
from tests.at_the_door import AGENCIES, URL, Desk, WallClock, desk, name_shown, opened, token_shown

ISSUER = "https://id.example/realms/county"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
SETTINGS = OidcSettings.model_validate(
    {"issuer": ISSUER, "client_id": "desk", "client_secret": "s3cret&=", "roles": {"teacher": "practitioner", "lead": "safeguarding_lead"}}
)
GOOD = {"name": "Mary Obi", "preferred_username": "mary.obi", "agency": "school", "setting": "123456", "roles": ["teacher", "canteen"]}
CANARY = "Canary Zebedee"


class Fake:
    """A service that signs what it is told to, and keeps what it was asked."""

    def __init__(self, clock: WallClock) -> None:
        self.clock, self.asked = clock, list[httpx.Request]()
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = signed
        self.document: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "end_session_endpoint": f"{ISSUER}/logout",
            "authorization_response_iss_parameter_supported": True,
        }
        self.nonce = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(200, json=self.document)
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        return httpx.Response(200, json={"id_token": self.sign(self.said()), "access_token": "unused", "token_type": "Bearer"})

    def said(self) -> dict[str, Any]:
        now = int(self.clock().timestamp())
        usual = {"iss": ISSUER, "aud": "desk", "sub": "sub-1", "iat": now, "exp": now + 300, "nonce": self.nonce, "sid": "there-1"}
        return {name: value for name, value in {**usual, **GOOD, **self.claims}.items() if value is not None}


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)


@pytest.fixture
def fake() -> Fake:
    return Fake(WallClock())


@pytest.fixture
async def here(fake: Fake, tmp_path: Path) -> AsyncIterator[Desk]:
    service = SignInService(SETTINGS, f"{URL}/sign-in/callback", httpx.MockTransport(fake))
    async with opened(f"sqlite:///{tmp_path / 'desk.db'}") as database:
        one = desk(database, fake.clock, service)
        yield one
        await one.door.close()


async def come_back(browser: httpx.AsyncClient, fake: Fake, **changed: str) -> httpx.Response:
    sent = await browser.get("/sign-in/begin?next=/who")
    query = parse_qs(urlsplit(sent.headers["location"]).query)
    fake.nonce = query["nonce"][0]
    return await browser.get("/sign-in/callback", params={"code": "c0de", "state": query["state"][0], "iss": ISSUER, **changed})


async def test_what_is_signed_for_this_desk_this_visit_and_this_time_lets_somebody_in(here: Desk, fake: Fake) -> None:
    async with here.browser() as browser:
        answer = await come_back(browser, fake)
        assert (answer.status_code, answer.headers["location"]) == (303, "/who")
        assert await name_shown(browser) == "Mary Obi"
    token = next(request for request in fake.asked if request.url.path.endswith("/token"))
    body = {name: values[0] for name, values in parse_qs(token.content.decode()).items()}
    assert token.headers["authorization"] == "Basic ZGVzazpzM2NyZXQlMjYlM0Q="  # desk:s3cret%26%3D
    assert (body["grant_type"], body["code"], body["redirect_uri"]) == ("authorization_code", "c0de", f"{URL}/sign-in/callback")
    assert len(body["code_verifier"]) >= 43
    assert "s3cret" not in token.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-desk"},
        {"aud": ["desk", "another"], "azp": "another"},
        {"aud": None},
        {"nonce": "another visit"},
        {"nonce": None},
        {"exp": 0},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"agency": None},
        {"agency": "prison"},
        {"agency": ["school", "health"]},
        {"agency": {"school": True}},
        {"roles": None},
        {"roles": ["canteen"]},
        {"roles": "canteen"},
        {"name": None},
        {"name": "M"},
        {"setting": "health.1"},
        {"setting": "../../x"},
        {"team": "health.north"},
        {"setting": "1." * 60 + "1"},
        {"setting": "school." + "1" * 60 + "." + "2" * 60},
        {"preferred_username": "m" * 201},
        {"preferred_username": "mary\x1b[2J"},
        {"sub": "s" * 256},
    ],
    ids=str,
)
async def test_whatever_does_not_hold_lets_nobody_in(here: Desk, fake: Fake, wrong: dict[str, Any]) -> None:
    fake.claims = wrong
    if wrong == {"setting": "health.1"}:
        fake.claims = {"setting": "health 1"}
    async with here.browser() as browser:
        answer = await come_back(browser, fake)
        assert answer.status_code == 403
        assert await name_shown(browser) is None
    assert AuditedDeed.SIGNED_IN not in here.written.deeds()


@pytest.mark.parametrize(
    "forged", ["none", "our own secret", "their public key as a secret", "another key", "no token at all", "cut short"]
)
async def test_what_the_service_did_not_sign_lets_nobody_in(here: Desk, fake: Fake, forged: str) -> None:
    public = KEY.as_pem(private=False)
    other = RSAKey.generate_key(2048, parameters={"kid": "one"})
    ways: dict[str, Callable[[dict[str, Any]], str]] = {
        "none": lambda said: _by_hand(said, b"", "none"),
        "our own secret": lambda said: _by_hand(said, b"s3cret&="),
        "their public key as a secret": lambda said: _by_hand(said, public),
        "another key": lambda said: jwt.encode({"alg": "RS256", "kid": "one"}, said, other),
        "no token at all": lambda _: "",
        "cut short": lambda said: signed(said)[:-4],
    }
    fake.sign = ways[forged]
    async with here.browser() as browser:
        assert (await come_back(browser, fake)).status_code == 403
        assert await name_shown(browser) is None


def _by_hand(said: dict[str, Any], secret: bytes, alg: str = "HS256") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({"alg": alg, "kid": "one"}, said)]
    made = hmac.new(secret, b".".join(parts), hashlib.sha256).digest() if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(made).rstrip(b"=")]).decode()


@pytest.mark.parametrize("changed", [{"iss": "https://evil.example"}, {"iss": ""}, {"state": "another"}, {"code": ""}])
async def test_an_answer_of_another_service_or_to_another_question_lets_nobody_in(here: Desk, fake: Fake, changed: dict[str, str]) -> None:
    async with here.browser() as browser:
        assert (await come_back(browser, fake, **changed)).status_code == 403
        assert await name_shown(browser) is None


async def test_who_comes_back_too_late_begins_again(here: Desk, fake: Fake) -> None:
    async with here.browser() as browser:
        sent = await browser.get("/sign-in/begin")
        query = parse_qs(urlsplit(sent.headers["location"]).query)
        here.clock.pass_by(minutes=10)
        fake.nonce = query["nonce"][0]
        answer = await browser.get("/sign-in/callback", params={"code": "c", "state": query["state"][0], "iss": ISSUER})
        assert answer.status_code == 403


@pytest.mark.parametrize("auth_time", [None, -3600, 0])
async def test_after_a_sign_out_the_service_must_have_asked_for_the_password_again(here: Desk, fake: Fake, auth_time: int | None) -> None:
    async with here.browser() as browser:
        await come_back(browser, fake)
        await browser.post("/sign-out", data={"form_token": await token_shown(browser)})
        fake.claims = {"auth_time": None if auth_time is None else int(here.clock().timestamp()) + auth_time}
        sent = await browser.get("/sign-in/begin")
        assert parse_qs(urlsplit(sent.headers["location"]).query)["prompt"] == ["login"]
        assert (await come_back(browser, fake)).status_code == (303 if auth_time == 0 else 403)


@pytest.mark.parametrize("broken", ["down", "html", "another issuer", "in the clear", "no keys"])
async def test_a_service_that_does_not_answer_as_one_lets_nobody_in_and_says_nothing_of_anybody(
    here: Desk, fake: Fake, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alertbus.desk.sign_in.service import ServiceUnavailable

    if broken == "another issuer":
        fake.document["issuer"] = f"https://evil.example/{CANARY}"
    if broken == "in the clear":
        fake.document["token_endpoint"] = "http://id.example/token"

    def answer(request: httpx.Request) -> httpx.Response:
        if broken == "down":
            raise httpx.ConnectError(CANARY, request=request)
        if broken == "html":
            return httpx.Response(200, text=f"<html>{CANARY}")
        if broken == "no keys" and request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": [{"kty": CANARY}]})
        return fake(request)

    service = here.door.letting_in.service
    assert service is not None
    monkeypatch.setattr(service, "_transport", httpx.MockTransport(answer))
    async with here.browser() as browser:
        with pytest.raises(ServiceUnavailable) as fault:
            await come_back(browser, fake)
    assert CANARY not in str(fault.value)
    assert CANARY not in repr(fault.value.__cause__)


def logout_token(clock: WallClock, **changed: Any) -> str:
    now = int(clock().timestamp())
    usual = {
        "iss": ISSUER,
        "aud": "desk",
        "iat": now,
        "exp": now + 120,
        "jti": "1",
        "sub": "sub-1",
        "sid": "there-1",
        "events": {BACK_CHANNEL: {}},
    }
    return signed({name: value for name, value in {**usual, **changed}.items() if value is not None})


async def test_who_signed_out_at_the_service_is_signed_out_here(here: Desk, fake: Fake) -> None:
    async with here.browser() as browser, here.browser() as other:
        await come_back(browser, fake)
        fake.claims = {"sid": "there-2"}
        await come_back(other, fake)
        heard = await here.browser().post("/sign-in/ended", data={"logout_token": logout_token(here.clock)})
        assert (heard.status_code, heard.headers["cache-control"], heard.headers["connection"]) == (200, "no-store", "close")
        assert [await name_shown(one) for one in (browser, other)] == [None, "Mary Obi"]
        await here.browser().post("/sign-in/ended", data={"logout_token": logout_token(here.clock, sid=None)})
        assert await name_shown(other) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"events": {}},
        {"events": None},
        {"nonce": "x"},
        {"iat": 1},
        {"exp": 1},
        {"sub": None, "sid": None},
        {"sub": "sub-2"},
        {"sid": "' OR 1=1 --", "sub": None},
    ],
    ids=str,
)
async def test_a_word_of_nobody_ends_no_session(here: Desk, fake: Fake, wrong: dict[str, Any]) -> None:
    async with here.browser() as browser:
        await come_back(browser, fake)
        answer = await here.browser().post("/sign-in/ended", data={"logout_token": logout_token(here.clock, **wrong)})
        assert answer.status_code in {200, 400}
        assert await name_shown(browser) == "Mary Obi"
        forged = await here.browser().post("/sign-in/ended", data={"logout_token": logout_token(here.clock)[:-3] + "abc"})
        assert forged.status_code == 400
        assert await name_shown(browser) == "Mary Obi"


CLAIMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["school", "teacher", "lead", "health"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "team", "sub"]), CLAIMS))
def test_whatever_the_claims_are_somebody_whole_comes_out_or_nobody(claims: dict[str, Any]) -> None:
    try:
        person = person_of(claims, SETTINGS, AGENCIES)
    except NotLetIn as refusal:
        assert not any(isinstance(said, str) and len(said) > 12 and said in str(refusal) for said in claims.values())  # noqa: PT017
        return
    assert person.agency in AGENCIES
    assert person.roles
    assert person.roles <= {Role.PRACTITIONER, Role.SAFEGUARDING_LEAD}
    assert person.name.isprintable()
    assert person.at.startswith(person.agency)


def test_roles_and_agencies_are_found_in_nested_claims_and_under_the_services_own_words() -> None:
    settings = OidcSettings.model_validate(
        {
            "issuer": ISSUER,
            "client_id": "desk",
            "agency_claim": "org.code",
            "agencies": {"RX4": "health"},
            "roles_claim": "realm_access.roles",
            "roles": {"hv-manager": "manager"},
        }
    )
    claims = {"sub": "1", "name": "Ann Lee", "org": {"code": "RX4"}, "realm_access": {"roles": ["hv-manager"]}}
    person = person_of(claims, settings, AGENCIES)
    assert (person.agency, person.roles) == ("health", {Role.MANAGER})
    with pytest.raises(NotLetIn):
        person_of({**claims, "org": {"code": "health"}}, settings, AGENCIES)


def test_settings_of_the_door_that_would_let_names_cross_in_the_clear_stop_the_start_and_quote_no_secret() -> None:
    service = {"issuer": ISSUER, "client_id": "desk", "client_secret": CANARY, "roles": {"a": "practitioner"}}
    for wrong in (
        {"desk_url": "http://desk.example"},
        {"desk_oidc": service},
        {"desk_url": URL, "desk_oidc": {**service, "issuer": "http://id.example"}},
        {"desk_url": URL, "desk_oidc": {**service, "roles": {"a": "god"}}},
        {"desk_url": URL, "desk_oidc": {**service, "roles": {}}},
    ):
        with pytest.raises(ValidationError) as fault:
            Settings(**wrong)
        assert CANARY not in str(fault.value)
    assert Settings(desk_url=URL, desk_oidc=service).desk_oidc is not None


def test_the_roles_that_settings_may_give_are_those_of_the_desk() -> None:
    from typing import get_args

    from alertbus.sign_in_settings import RoleWord

    assert set(get_args(RoleWord)) == set(Role)
