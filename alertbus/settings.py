"""What an operator sets: environment variables ALERTBUS_*, and beneath them one YAML file named by ALERTBUS_CONFIG.

A wrong setting stops start-up: `load_settings` reports every fault, one line each, with the setting's name, the shape
it should have and the remedy, never what was found there. A name that is not a setting is a fault too.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from alertbus.caller_settings import CallerSettings
from alertbus.channel_settings import ChannelSettings, require, stays_private
from alertbus.database_address import driver_url, is_loopback
from alertbus.door_settings import PrincipalSettings, SettingsPath
from alertbus.model.errors import SettingsFault
from alertbus.nudge_settings import NudgeSettings
from alertbus.secret_files import RULE, check_secret_file, text_of, with_secrets, yaml_of
from alertbus.sign_in_settings import OidcSettings, SignInSettings

PREFIX = "ALERTBUS_"


class Settings(SignInSettings):
    """Every setting with its default. Frozen: read once at start-up and handed on."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    data_dir: Path = Field(
        default_factory=lambda: Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "alertbus",
        validate_default=True,
        description="the path of a folder for local state",
        examples=["/var/lib/alertbus"],
    )
    policy: FilePath | None = Field(None, description="the path of a policy file that exists", examples=["policy.yaml"])
    plugins_dir: SettingsPath | None = Field(
        None,
        description="the path of a folder of plugins that are not installed, to which nobody but its owner may write",
        examples=["/srv/alertbus-plugins"],
    )
    partitions: int = Field(12, ge=1, le=1000, description="a whole number from 1 to 1000", examples=["12"])
    replication: int = Field(1, ge=1, le=10, description="a whole number from 1 to 10", examples=["3"])
    workers: int = Field(1, ge=1, le=100, description="a whole number from 1 to 100", examples=["2"])
    channels: dict[str, ChannelSettings] = Field(
        default_factory=dict,
        description="a mapping from agency to its channel",
        examples=['{"police": {"channel": "inbox"}}'],
    )
    fallbacks: dict[str, ChannelSettings] = Field(
        default_factory=dict,
        description="a mapping from the names that the policy gives as `fallback` to channels",
        examples=['{"night_desk": {"channel": "file", "folder": "/srv/night-desk"}}'],
    )
    callers: tuple[CallerSettings, ...] = Field(
        default=(),
        description="a list of callers",
        examples=['[{"name": "mash-desk", "agency": "social_care", "token_sha256": "..."}]'],
    )
    callers_file: SettingsPath | None = Field(
        None,
        description="the path of a YAML or JSON file with that list, which only its owner can read",
        examples=["/etc/alertbus/callers.yaml"],
    )
    token: SecretStr | None = Field(None, repr=False, description="the command line's token for the gateway", examples=["..."])
    token_file: SettingsPath | None = Field(
        None, description="the path of a file with that token, which only its owner can read", examples=["/run/secrets/token"]
    )
    audit_key_file: Path | None = Field(None, description="the path of a file with the audit's keys", examples=["/run/secrets/audit-key"])
    audit_anchor: str | None = Field(
        None,
        repr=False,
        description="the path of a file, or an https:// address without user or password (http:// only to this machine)",
        examples=["/srv/audit/anchor.jsonl"],
    )
    watchdog_interval_s: int = Field(
        60, ge=0, le=3600, description="whole seconds between two watchdog alerts, up to 3600; 0 for none", examples=["60"]
    )
    deadman_url: str | None = Field(
        None,
        repr=False,
        description="an https:// address without user or password (http:// only to this machine), called when a watchdog alert arrives",
        examples=["https://deadman.example/your-check"],
    )
    deadman_url_file: SettingsPath | None = Field(
        None,
        description="the path of a file with that address, which only its owner can read",
        examples=["/etc/alertbus/deadman-url"],
    )
    deadman_fail_url: str | None = Field(
        None,
        repr=False,
        description="an address as of ALERTBUS_DEADMAN_URL, called in its place while nobody owns something; unset: no call then",
        examples=["https://deadman.example/your-check/fail"],
    )
    deadman_fail_url_file: SettingsPath | None = Field(
        None,
        description="the path of a file with that address, which only its owner can read",
        examples=["/etc/alertbus/deadman-fail-url"],
    )
    nudges: NudgeSettings | None = Field(
        None,
        description="the account at GOV.UK Notify: api_key_file, email_template, sms_template, every_minutes; unset: nobody is nudged",
        examples=['{"api_key_file": "/run/secrets/notify", "email_template": "5d2b0b9a-1c1f-4c1e-9f43-000000000000"}'],
    )
    session_timeout_s: float = Field(6.0, gt=0, le=300, description="seconds, above 0 and up to 300", examples=["6.0"])
    reconcile_s: float = Field(60.0, ge=0, le=86_400, description="seconds, 0 for never, up to 86400", examples=["60"])
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto, json or console", examples=["json"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR", examples=["INFO"])

    @property
    def fallback_names(self) -> frozenset[str]:
        """What a policy may name as `fallback`."""
        return frozenset({"inbox", *self.fallbacks})

    @property
    def sqlalchemy_url(self) -> str:
        """The database's address, with its driver. It may hold a password: hand it to an engine, never to a log."""
        return driver_url(self.database_url, self.data_dir / "alertbus.db", self.database_ca_file)

    @property
    def bearer_token(self) -> str | None:
        """The command line's token; None where none is set."""
        return self.token.get_secret_value() if self.token else None

    @model_validator(mode="before")
    @classmethod
    def _takes_secrets_from_their_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return with_secrets(
            given,
            {"database_url": text_of, "deadman_url": text_of, "deadman_fail_url": text_of, "token": text_of, "callers": yaml_of},
            lambda name: f"{PREFIX}{name.upper()}",
        )

    @field_validator("fallbacks")
    @classmethod
    def _has_no_limit_that_nobody_keeps(cls, fallbacks: dict[str, ChannelSettings]) -> dict[str, ChannelSettings]:
        if any(one.at_once is not None for one in fallbacks.values()):
            raise PydanticCustomError(RULE, "at_once is for an agency's own channel, a fallback keeps no such limit; leave it out")
        return fallbacks

    @field_validator("audit_anchor")
    @classmethod
    def _is_a_place(cls, place: str | None) -> str | None:
        require(place is None or "://" not in place or stays_private(place))
        return place

    @field_validator("deadman_url", "deadman_fail_url")
    @classmethod
    def _is_private(cls, url: str | None) -> str | None:
        require(url is None or stays_private(url))  # the address is a secret: whoever has it can keep the alarm quiet
        return url

    @field_validator("data_dir")
    @classmethod
    def _is_absolute(cls, folder: Path) -> Path:
        # Child processes may start elsewhere and must find the same folder.
        return folder.expanduser().absolute()

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _callers_differ(self) -> Self:
        names, tokens = {c.name for c in self.callers}, {c.token_sha256 for c in self.callers}
        if len(names) < len(self.callers) or len(tokens) < len(self.callers):
            raise PydanticCustomError(RULE, "ALERTBUS_CALLERS: two callers share a name or a token; give each its own")
        return self

    @model_validator(mode="after")
    def _fails_closed(self) -> Self:
        if not self.callers and self.trusted_proxies:
            raise PydanticCustomError(
                RULE,
                "ALERTBUS_TRUSTED_PROXIES: a proxy brings callers from elsewhere, and without ALERTBUS_CALLERS each is let in; set them",
            )
        if not self.callers and not is_loopback(self.http_host):
            raise PydanticCustomError(
                RULE,
                "ALERTBUS_HTTP_HOST: expected an address of this machine alone, because without callers anyone who "
                "reaches it is let in; set ALERTBUS_CALLERS, or leave ALERTBUS_HTTP_HOST out to listen on 127.0.0.1",
            )
        self.require_a_closed_door()
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls), InitSettingsSource(settings_cls, _read_file())


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` (a command's own flags) win over the environment, which wins over the file."""
    faults = list(_unknown_variables(os.environ))
    settings = None
    try:
        settings = Settings(**overrides)
    except ValidationError as found:
        faults += [_line(error) for error in found.errors(include_input=False, include_url=False)]
    # Raised out here, so that pydantic's error, which holds the values, is not chained to it.
    if settings is None or faults:
        raise SettingsFault("\n".join(faults))
    return settings


# Kubernetes gives every pod such variables, and others that hold tcp://, for a Service called alertbus-something.
_SERVICE_LINK = re.compile(r".*_SERVICE_(HOST|PORT(_\w+)?)|.*_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")


class _Environment(EnvSettingsSource):
    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value  # left as text, so that it is reported beside the other faults, by its shape


def _read_file() -> dict[str, Any]:
    path = os.environ.get(f"{PREFIX}CONFIG")
    if not path:
        return {}
    expected = "ALERTBUS_CONFIG: expected the path of a YAML file of settings"
    try:
        found = yaml.safe_load(Path(path).expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError):
        raise SettingsFault(f"{expected}; that one cannot be read: mend the path or the file's permissions") from None
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "somewhere"
        raise SettingsFault(f"{expected}; that one is not YAML at {where}: mend the line") from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise SettingsFault(f"{expected}; that one is not a mapping from names to values, as in 'http_port: 8080'")
    channels = [one for name in ("channels", "fallbacks") for one in dict(found.get(name) or {}).values()]
    addresses = {"database_url", "deadman_url", "deadman_fail_url"} & found.keys()
    service = found.get("desk_oidc")
    nudges = dict(found.get("nudges") or {})
    if (
        "api_key" in nudges
        or addresses
        or any("secret" in one for one in channels if isinstance(one, dict))
        or "client_secret" in dict(service or {})
    ):
        check_secret_file(Path(path).expanduser(), f"{PREFIX}CONFIG")
    return found


def _unknown_variables(environ: Mapping[str, str]) -> Iterable[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    for name in sorted(environ):
        plain = name.upper()
        if not plain.startswith(PREFIX) or plain.split("__")[0] in known:
            continue
        if _SERVICE_LINK.fullmatch(plain) or environ[name].startswith("tcp://"):
            continue
        yield f"{name}: no such setting; {_nearest(plain, known)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    # Compared without the prefix, which would make every name near every other.
    plain = {other.removeprefix(PREFIX): other for other in sorted(known)}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), plain, n=1, cutoff=0.5)
    return f"did you mean {plain[near[0]]}?" if near else f"unset it (known: {', '.join(plain.values())})"


_INSIDE: Mapping[str, type[BaseModel]] = {
    "channels": ChannelSettings,
    "fallbacks": ChannelSettings,
    "kafka_principals": PrincipalSettings,
    "desk_oidc": OidcSettings,
}


def _line(error: ErrorDetails) -> str:
    """Tell one fault in our own words: pydantic's may hold part of the value."""
    where = error["loc"]
    if not where:
        return error["msg"]
    setting, path, last = str(where[0]), ".".join(map(str, where[1:])), str(where[-1])
    name = f"{PREFIX}{setting.upper()}"
    place = f"{name} {path}" if path else name
    if error["type"] == RULE:
        return f"{place}: {error['msg']}"
    fields = Settings.model_fields
    if path:
        fields = _INSIDE.get(setting, CallerSettings).model_fields
    if error["type"] == "extra_forbidden":
        return f"{place}: no such setting; {_nearest(last, fields)}"
    if not path:
        field = fields[setting]
        shown = (field.examples or [""])[0]
        return f"{place}: expected {field.description}; set it as in {name}={shown}, or leave it out"
    expected = fields[last].description if last in fields else f"a mapping of {', '.join(fields)}"
    return f"{place}: expected {expected}; mend it there or in the file that ALERTBUS_CONFIG names"
