"""GOV.UK Notify as an operator sets it: by which people are told that something waits for them at the desk."""

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alertbus.channel_settings import require, stays_private
from alertbus.door_settings import SettingsPath
from alertbus.secret_files import text_of, with_secrets

NOTIFY = "https://api.notifications.service.gov.uk"
_TEMPLATE = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_KEY = r"^\S*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class NudgeSettings(BaseModel):
    """The account at GOV.UK Notify and its templates. Each template has one field, `((link))`, and is told nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: SecretStr = Field(repr=False, description="the key, as GOV.UK Notify shows it once: a name and two ids")
    api_key_file: SettingsPath | None = Field(None, description="the path of a file with that key, which only its owner can read")
    email_template: str | None = Field(None, pattern=_TEMPLATE, description="the id of the e-mail's template; unset: no e-mails")
    sms_template: str | None = Field(None, pattern=_TEMPLATE, description="the id of the text message's template; unset: no text messages")
    every_minutes: int = Field(30, ge=1, le=1440, description="whole minutes between two nudges to one address, up to 1440")
    url: str = Field(NOTIFY, description="the address of GOV.UK Notify, https:// (http:// only to this machine)")

    @model_validator(mode="before")
    @classmethod
    def _takes_its_key_from_a_file(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return with_secrets(given, {"api_key": text_of}, lambda name: f"ALERTBUS_NUDGES {name}")

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr) -> SecretStr:
        require(re.fullmatch(_KEY, key.get_secret_value()) is not None)
        return key

    @field_validator("url")
    @classmethod
    def _is_reached_in_private(cls, address: str) -> str:
        require(stays_private(address))
        return address
