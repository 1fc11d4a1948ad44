"""How an agency receives its notices, as an operator sets it: by which channel, where, and how much is expected of its system."""

import base64
import binascii
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from alertbus.database_address import is_loopback
from alertbus.door_settings import SettingsPath
from alertbus.model.ways_out import OWN_CHANNELS
from alertbus.secret_files import RULE, text_of, with_secrets


class ChannelSettings(BaseModel):
    """How one agency receives its notices: its inbox on the desk, a signed webhook, files in a folder, or a channel of a plugin's."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    channel: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="inbox, webhook, file, or the name of a plugin's channel")
    url: str | None = Field(None, description="an https:// address without user or password (http:// only to this machine)")
    secret: SecretStr | None = Field(
        None, description="whsec_ and then 24 to 64 bytes in base64, as from `echo whsec_$(openssl rand -base64 32)`"
    )
    secret_file: SettingsPath | None = Field(None, description="the path of a file with the secret, which only its owner can read")
    folder: Path | None = Field(None, description="the path of a folder")
    at_once: int | None = Field(None, ge=1, le=500, description="how many messages its system takes at the same time, 1 to 500")
    timeout_s: float | None = Field(
        None, gt=0, le=300, description="seconds that a webhook or a plugin's channel may take for a message, above 0 and up to 300"
    )
    ca_file: SettingsPath | None = Field(
        None, description="the path of the certificates (PEM) of whoever alone signs the webhook's certificate"
    )

    settings: dict[str, Any] = Field(default_factory=dict, repr=False, description="a mapping of what a plugin's channel needs")

    @model_validator(mode="before")
    @classmethod
    def _takes_its_secret_from_its_file(cls, given: Any) -> Any:
        return with_secrets(given, {"secret": text_of}) if isinstance(given, dict) else given

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str | None) -> str | None:
        # Notices hold personal data, so they cross no wire in the clear.
        if url is not None:
            require(stays_private(url))
        return url

    @field_validator("secret")
    @classmethod
    def _is_signing_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            prefix, _, key = secret.get_secret_value().partition("_")
            try:
                require(prefix == "whsec" and 24 <= len(base64.b64decode(key, validate=True)) <= 64)  # noqa: PLR2004
            except binascii.Error:
                require(False)
        return secret

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, path: Path | None) -> Path | None:
        import ssl  # only who has such a file needs it

        if path is not None:
            try:
                ssl.create_default_context(cafile=path)
            except OSError:  # ssl's own errors are such as well
                require(False)
        return path

    @model_validator(mode="after")
    def _has_what_its_channel_needs(self) -> Self:
        if self.channel == "webhook" and not (self.url and self.secret):
            raise PydanticCustomError(RULE, "a webhook needs url and secret (or secret_file); give both")
        if self.channel == "file" and not self.folder:
            raise PydanticCustomError(RULE, "a file channel needs folder; give it")
        if self.channel in OWN_CHANNELS:
            if self.channel != "webhook" and (self.timeout_s or self.ca_file):
                raise PydanticCustomError(RULE, "timeout_s and ca_file are for a webhook, no other channel heeds them; leave them out")
            if self.settings:
                raise PydanticCustomError(RULE, "settings are for a plugin's channel, no channel of the bus heeds them; leave them out")
        elif self.url or self.secret or self.folder or self.ca_file:
            raise PydanticCustomError(
                RULE, "url, secret, folder and ca_file are the bus's own channels'; give what this one needs as settings"
            )
        return self


def stays_private(url: str) -> bool:
    """Whether what is sent to the address is readable there alone."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host, scheme = parts.hostname or "", parts.scheme
    return bool(host) and (scheme == "https" or (scheme == "http" and is_loopback(host))) and parts.username is None


def require(holds: object) -> None:
    """Refuse a field in the words of its description, which `alertbus.settings` gives."""
    if not holds:
        raise ValueError
