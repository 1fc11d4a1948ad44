"""Who may sign in at the desk, as an operator sets it: the desk's own address, and the agencies' sign-in service (OpenID Connect)."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from alertbus.channel_settings import require, stays_private
from alertbus.door_settings import DoorSettings, SettingsPath
from alertbus.secret_files import RULE, text_of, with_secrets

RoleWord = Literal["practitioner", "manager", "safeguarding_lead", "case_holder", "integration", "operations", "auditor"]
"""The roles of DESIGN section 16, as `desk.visitor.Role` has them; settings stand below the desk and know no more of it."""


class OidcSettings(BaseModel):
    """The sign-in service whose people may come in, and what its claims say of them.

    Who has no agency, no role or no name by these claims is not let in: nothing is assumed of anybody (DESIGN section 17).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: str = Field(
        pattern=r"^https?://[^?#@\s]+$", description="the address of the service, exactly as it stands in `iss` of its tokens, https://"
    )
    client_id: str = Field(min_length=1, max_length=200, description="the desk's name at the service")
    client_secret: SecretStr | None = Field(None, repr=False, description="the desk's secret at the service")
    client_secret_file: SettingsPath | None = Field(
        None, description="the path of a file with that secret, which only its owner can read; left out for a public client"
    )
    ca_file: SettingsPath | None = Field(None, description="the path of the certificates (PEM) of whoever signs the service's certificate")
    title: str = Field(
        "your agency's sign-in", min_length=2, max_length=60, description="what people call the service; it stands on the button"
    )
    scope: str = Field("openid profile", pattern=r"^openid( [\w:./-]+)*$", description="what is asked for, beginning with openid")
    agency_claim: str = Field("agency", min_length=1, description="the claim with the agency; parts of a nested one with dots between")
    setting_claim: str = Field("setting", min_length=1, description="the claim with the school, surgery or force within it")
    team_claim: str = Field("team", min_length=1, description="the claim with the team's id")
    roles_claim: str = Field("roles", min_length=1, description="the claim with a list of roles or groups")
    agencies: dict[str, str] = Field(
        default_factory=dict,
        description="a mapping from what the agency's claim says to agencies of the policy; left out where it says their names",
    )
    roles: dict[str, RoleWord] = Field(
        min_length=1, description="a mapping from what the roles' claim says to roles of the desk; what is not here gives no role"
    )

    @model_validator(mode="before")
    @classmethod
    def _takes_its_secret_from_a_file(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return with_secrets(given, {"client_secret": text_of}, lambda name: f"ALERTBUS_DESK_OIDC {name}")

    @field_validator("issuer")
    @classmethod
    def _is_reached_in_private(cls, address: str) -> str:
        require(stays_private(address))
        return address


class SignInSettings(DoorSettings):
    """The desk's door."""

    desk_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#@\s]+$",
        description="the address under which people reach the desk, https:// and its name; unset: on this machine alone",
        examples=["https://desk.example"],
    )
    desk_oidc: OidcSettings | None = Field(
        None,
        description="the sign-in service: issuer, client_id, client_secret_file, roles and claims; unset: local users alone",
        examples=['{"issuer": "https://id.example/realms/county", "client_id": "desk", "roles": {"social-worker": "case_holder"}}'],
    )

    desk_draft_key_file: Path | None = Field(
        None,
        description="the path of a file with the keys under which the desk keeps drafts, made in the data folder where it is unset",
        examples=["/run/secrets/draft-key"],
    )

    @property
    def desk_address(self) -> str:
        """Where people reach the desk: as the operator says, else on this machine."""
        scheme = "https" if self.http_tls_cert_file else "http"
        return self.desk_url or f"{scheme}://{self.http_host}:{self.desk_port}"

    @property
    def desk_by_https(self) -> bool:
        """Whether people reach the desk by https: as its address says, else as its own door is."""
        if self.desk_url is not None:
            return self.desk_url.startswith("https://")
        return bool(self.http_tls_cert_file or self.trusted_proxies)

    @model_validator(mode="after")
    def _keeps_the_desk_private(self) -> Self:
        if self.desk_url is not None and not stays_private(self.desk_url):
            raise PydanticCustomError(
                RULE, "ALERTBUS_DESK_URL: expected https://, because passwords and families' names cross the network; give the desk TLS"
            )
        if self.desk_oidc is not None and self.desk_url is None:
            raise PydanticCustomError(RULE, "ALERTBUS_DESK_URL: expected, because the sign-in service sends people back to it; set it")
        return self
