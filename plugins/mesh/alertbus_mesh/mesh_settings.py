"""What an operator sets for one agency that is reached by MESH."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from alertbus.plugin import TransportSettings

_MAILBOX = r"^[A-Za-z0-9]{4,40}$"
_WORKFLOW = r"^[A-Z0-9_]{3,100}$"


class MeshSettings(TransportSettings):
    """Our mailbox, whose mailbox the agency's is, and by which workflows the two speak."""

    url: str = Field(
        description="the https:// address of MESH (http:// only to this machine), such as https://mesh-sync.spineservices.nhs.uk"
    )
    mailbox: str = Field(pattern=_MAILBOX, description="the id of our own mailbox, 4 to 40 letters and digits")
    password: SecretStr = Field(description="the path of a file with our mailbox's password, which only its owner can read")
    shared_key: SecretStr = Field(description="the path of a file with the environment's shared key, which only its owner can read")
    recipient: str = Field(pattern=_MAILBOX, description="the id of the agency's mailbox, 4 to 40 letters and digits")
    workflow_id: str = Field("SAFEGUARDING_ALERT", pattern=_WORKFLOW, description="the workflow by which alerts are sent, in capitals")
    ack_workflow_id: str = Field(
        "", pattern=r"^([A-Z0-9_]{3,100})?$", description="the workflow by which answers come; left out for the alerts' with _ACK behind it"
    )
    sector: str = Field("health", pattern=r"^[a-z][a-z0-9_]{0,39}$", description="the sector whose adapter reads the answers")
    cert_file: Path | None = Field(None, description="the path of our client certificate (PEM); needed beyond this machine")
    key_file: Path | None = Field(None, description="the path of that certificate's key (PEM)")
    ca_file: Path | None = Field(
        None, description="the path of the certificates (PEM) of whoever signs MESH's; left out for those that mesh-client knows"
    )
    chunk_kb: int = Field(76_800, ge=1, le=102_400, description="how many kilobytes one piece of a message may have, 1 to 102400")

    @field_validator("url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.username is not None or not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and _here(url))):
            raise ValueError  # told by the field's description
        return url

    @property
    def answers_by(self) -> str:
        """The workflow by which answers come."""
        return self.ack_workflow_id or f"{self.workflow_id}_ACK"


def _here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
