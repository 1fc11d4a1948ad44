"""The sign-in service as the desk asks it: OpenID Connect's Authorization Code with PKCE, and what it signs, checked.

Authlib makes the requests and judges the claims, joserfc the signatures; the calls go out by httpx. What the service answers is never
quoted: an answer may hold somebody's name.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from alertbus.channel_settings import stays_private
from alertbus.desk.sign_in.service_claims import NotLetIn
from alertbus.model.errors import Unavailable
from alertbus.sign_in_settings import OidcSettings

LIMIT_S = 5.0
"""Seconds the service has for an answer (ours); somebody waits at a blank page meanwhile."""

LEEWAY = timedelta(seconds=60)
"""How far its clock and ours may differ (ours)."""

KEYS_AGAIN_S = 60.0
"""Seconds between two looks for its keys at most: tokens with keys that nobody has must not make us call it without end."""

KNOWN_FOR_S = 3_600.0
"""Seconds for which its addresses are taken as read."""

ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512"]
"""Signatures by a key that only the service has; never `none`, and never one by our own secret."""

BACK_CHANNEL = "http://schemas.openid.net/event/backchannel-logout"


class ServiceUnavailable(Unavailable):
    """The sign-in service does not answer, or not as one."""

    code = "sign_in_service_unavailable"


@dataclass(frozen=True, slots=True)
class ServiceAddresses:
    """What the service says of itself at its well-known address."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    names_itself: bool
    """It says in its answers who it is (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The service says that a session there is over, or that all of a person are."""

    subject: str | None
    provider_session: str | None


class SignInService:
    """One service, whose addresses and keys are kept between calls. Close it."""

    def __init__(self, settings: OidcSettings, callback: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """`callback` is where it sends people back, as it is registered there."""
        self.settings = settings
        self._callback = callback
        self._transport = transport
        self._http: httpx.AsyncClient | None = None
        self._addresses: tuple[float, ServiceAddresses] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def way_there(self, *, state: str, nonce: str, verifier: str, ask_again: bool) -> str:
        """Give the address to which a person is sent. `ask_again`: the service is to ask for the password, whoever is signed in there."""
        again = {"prompt": "login", "max_age": 0} if ask_again else {}
        made: str = prepare_grant_uri(
            (await self.addresses()).authorization,
            self.settings.client_id,
            "code",
            redirect_uri=self._callback,
            scope=self.settings.scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **again,
        )
        return made

    async def claims(self, code: str, *, verifier: str, nonce: str, asked_again_at: datetime | None, now: datetime) -> Mapping[str, Any]:
        """Exchange a code for what the service says of the person, checked. Raises `NotLetIn` where it does not hold."""
        found = await self._exchange(code, verifier)
        token = found.get("id_token")
        if not isinstance(token, str):
            raise NotLetIn("the sign-in service did not say who it was")
        signed = await self._signed(token)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            options={
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
            },
            params={"nonce": nonce, "client_id": self.settings.client_id, "access_token": found.get("access_token")},
        )
        try:
            claims.validate(now=int(now.timestamp()), leeway=int(LEEWAY.total_seconds()))
        except (JoseError, ValueError, TypeError):
            raise NotLetIn("what the sign-in service said was for another desk, another visit or another time") from None
        if asked_again_at is not None and not _asked(claims.get("auth_time"), asked_again_at):
            raise NotLetIn("the sign-in service did not ask for the password again, and somebody else may have signed in there")
        return dict(claims)

    async def ended(self, logout_token: str, now: datetime) -> Ended:
        """Read what the service tells behind people's backs (OpenID Connect Back-Channel Logout 1.0, 2.6). Raises `NotLetIn`."""
        signed = await self._signed(logout_token)
        said, moment = signed.claims, now.timestamp()
        audience = said.get("aud")
        events, issued, ends = said.get("events"), said.get("iat"), said.get("exp", moment)
        subject, session = said.get("sub"), said.get("sid")
        holds = (
            said.get("iss") == self.settings.issuer
            and self.settings.client_id in (audience if isinstance(audience, list) else [audience])
            and isinstance(events, dict)
            and isinstance(events.get(BACK_CHANNEL), dict)
            and "nonce" not in said
            and isinstance(issued, int | float)
            and abs(moment - issued) <= _FRESH_S
            and isinstance(ends, int | float)
            and ends > moment - LEEWAY.total_seconds()
            and any(isinstance(one, str) and one for one in (subject, session))
        )
        if not holds:
            raise NotLetIn("that is no word of the sign-in service that a session is over")
        return Ended(subject if isinstance(subject, str) else None, session if isinstance(session, str) else None)

    async def way_out(self, back: str) -> str | None:
        """Give the address at which a person ends their session there too; nothing of theirs stands in it. None where it has none."""
        there = (await self.addresses()).end_session
        query = urlencode({"client_id": self.settings.client_id, "post_logout_redirect_uri": back})
        return None if there is None else f"{there}{'&' if '?' in there else '?'}{query}"

    async def addresses(self) -> ServiceAddresses:
        """Raises `ServiceUnavailable`."""
        if self._addresses is None or time.monotonic() - self._addresses[0] > KNOWN_FOR_S:
            said = await self._get(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            self._addresses = (time.monotonic(), _addresses(said, self.settings.issuer))
        return self._addresses[1]

    async def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        secret = self.settings.client_secret
        extra = {} if secret is not None else {"client_id": self.settings.client_id}
        body = prepare_token_request("authorization_code", "", self._callback, code=code, code_verifier=verifier, **extra)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if secret is not None:
            headers["authorization"] = _basic(self.settings.client_id, secret.get_secret_value())
        answer = await self._send("POST", (await self.addresses()).token, content=body, headers=headers)
        if answer.is_server_error:
            raise ServiceUnavailable("the sign-in service does not answer; try again in a minute")
        found = _json(answer)
        if not answer.is_success:
            raise NotLetIn("the sign-in service did not take that code: it was used before, or is too old")
        return found

    async def _signed(self, token: str) -> jwt.Token:
        """Give what the service has signed. Its keys are asked for again where a token names another, but not too often."""
        for last in (False, True):
            keys = await self._key_set(again=last)
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError, KeyError, TypeError, AttributeError):
                if last:
                    break
        raise NotLetIn("the sign-in service did not sign that")

    async def _key_set(self, *, again: bool) -> KeySet:
        async with self._turn:
            age = float("inf") if self._keys is None else time.monotonic() - self._keys[0]
            if self._keys is None or age > KNOWN_FOR_S or (again and age > KEYS_AGAIN_S):
                said = await self._get((await self.addresses()).keys)
                usable = [key for key in said.get("keys") or () if isinstance(key, dict) and key.get("use", "sig") == "sig"]
                try:
                    self._keys = (time.monotonic(), KeySet.import_key_set({"keys": usable}))
                except (JoseError, ValueError, KeyError, TypeError):
                    raise ServiceUnavailable("the sign-in service's keys cannot be read") from None
            return self._keys[1]

    async def _get(self, url: str) -> Mapping[str, Any]:
        answer = await self._send("GET", url)
        if not answer.is_success:
            raise ServiceUnavailable("the sign-in service does not say where its doors are; see ALERTBUS_DESK_OIDC issuer")
        return _json(answer)

    async def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        if self._http is None:
            verify: Any = True
            if self.settings.ca_file is not None:
                import ssl

                verify = ssl.create_default_context(cafile=self.settings.ca_file)
            self._http = httpx.AsyncClient(timeout=LIMIT_S, verify=verify, transport=self._transport, trust_env=False)
        try:
            return await self._http.request(method, url, **options)
        except (httpx.HTTPError, httpx.InvalidURL):
            raise ServiceUnavailable("the sign-in service does not answer; try again in a minute") from None


_FRESH_S = 120.0


def _asked(auth_time: object, began: datetime) -> bool:
    return isinstance(auth_time, int | float) and auth_time >= (began - LEEWAY).timestamp()


def _addresses(said: Mapping[str, Any], issuer: str) -> ServiceAddresses:
    """Read the well-known document. Raises `ServiceUnavailable` for one that is another service's, or sends people's names in the clear."""
    ends = said.get("end_session_endpoint")
    needed = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if said.get("issuer") != issuer or not all(isinstance(one, str) and stays_private(one) for one in needed):
        raise ServiceUnavailable("what the sign-in service says of itself is not about that issuer; see ALERTBUS_DESK_OIDC issuer")
    authorization, token, keys = map(str, needed)
    return ServiceAddresses(
        authorization,
        token,
        keys,
        end_session=ends if isinstance(ends, str) and stays_private(ends) and urlsplit(ends).fragment == "" else None,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _basic(client_id: str, secret: str) -> str:
    """Give the client's name and secret as RFC 6749, 2.3.1 has them: each encoded as in a form."""
    one, other = (urlencode({"": part})[1:] for part in (client_id, secret))
    return "Basic " + base64.b64encode(f"{one}:{other}".encode()).decode()


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServiceUnavailable("the sign-in service answered with something else than it should")
    return found
