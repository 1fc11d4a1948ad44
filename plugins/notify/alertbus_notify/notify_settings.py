"""What an operator sets for one agency that is told by GOV.UK Notify."""

import ipaddress
import re
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from alertbus.plugin import TransportSettings

_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_KEY = re.compile(rf"\S*{_ID}-{_ID}")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"\+?[0-9][0-9 ]{8,18}[0-9]")
_POSTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}")
_FEWEST_LINES, _MOST_LINES = 3, 7
"""Of an address on a letter (GOV.UK Notify)."""


class By(StrEnum):
    """How an agency is told."""

    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"


class NotifySettings(TransportSettings):
    """The account, the template with its one field `((link))`, and whom it goes to: a duty team's own address, and no family's."""

    by: By = Field(description="how the agency is told: email, sms or letter")
    to: tuple[str, ...] = Field(
        description="where to: an e-mail address, a telephone number, or for a letter a list of 3 to 7 lines, the last a postcode"
    )
    template: str = Field(pattern=f"^{_ID}$", description="the id of the template, whose only field is ((link))")
    link: str = Field(description="the https:// address where the agency signs in (http:// only to this machine), with nothing behind a ?")
    api_key: SecretStr = Field(description="the path of a file with the key, as GOV.UK Notify shows it once: a name and two ids")
    url: str = Field(
        "https://api.notifications.service.gov.uk", description="the address of GOV.UK Notify, https:// (http:// only to this machine)"
    )

    @field_validator("to", mode="before")
    @classmethod
    def _one_line(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

    @field_validator("to")
    @classmethod
    def _as_it_is_told(cls, lines: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        match info.data.get("by"):
            case By.EMAIL:
                _require(len(lines) == 1 and _EMAIL.fullmatch(lines[0]))
            case By.SMS:
                _require(len(lines) == 1 and _PHONE.fullmatch(lines[0]))
            case By.LETTER:
                _require(_FEWEST_LINES <= len(lines) <= _MOST_LINES and all(line.strip() for line in lines))
                _require(_POSTCODE.fullmatch(lines[-1].strip()))
        return lines

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        _require(_KEY.fullmatch(key.get_secret_value()))
        return key

    @field_validator("url", "link")
    @classmethod
    def _is_private(cls, url: str) -> str:
        parts = urlsplit(url)
        _require(
            not parts.username and not parts.query and parts.hostname and (parts.scheme == "https" or _here(parts.scheme, parts.hostname))
        )
        return url


def _require(holds: object) -> None:
    """Refuse what does not hold; the field's description tells what is expected."""
    if not holds:
        raise ValueError


def _here(scheme: str, host: str) -> bool:
    try:
        return scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
