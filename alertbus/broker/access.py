"""How we show a Kafka who we are, and know it for the right one: every client of ours takes its arguments from here.

A plain `str` of addresses is a broker without either, as on this machine alone. `Brokers` is the same string with an `Access`: whoever
hands the addresses on hands the access on, and whoever writes them down (a log, the bus file) writes down nothing secret.
"""

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from alertbus.broker.faults import BrokerFault

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""Kafka's own names: SSL is TLS, SASL a name with a password."""

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]

NOT_REACHED = (
    "Start it, correct ALERTBUS_BOOTSTRAP_SERVERS, or mend ALERTBUS_KAFKA_*: a broker closes the door on whoever it does not know."
)
"""What to do about a broker that gives no answer: of a wrong password or certificate, a client learns no more than that."""


def remedy(error: BaseException, otherwise: str) -> str:
    """What to do about one of aiokafka's errors: `otherwise`, except where the broker knows us and says that we may not."""
    return _NO_RIGHT if type(error).__name__.endswith("AuthorizationFailedError") else otherwise


_NO_RIGHT = "Give this principal its rights (deploy/kafka/acls.yaml): `alertbus doctor` says which are missing."


@dataclass(frozen=True, slots=True)
class Access:
    """One principal's way in. With SASL it is `user`; with a certificate it is the certificate's subject."""

    protocol: Protocol = "PLAINTEXT"
    ca_file: Path | None = None
    """Who may have signed the broker's certificate (PEM); None for those whom the operating system trusts."""
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def arguments(self) -> dict[str, Any]:
        """What an aiokafka client takes for it. Files are read now, so a renewed certificate counts from the next client on.

        Raises `BrokerFault` for files that are no certificates or keys.
        """
        if self.protocol == "PLAINTEXT":
            return {}
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            found["ssl_context"] = self._context()
        if self.protocol == "SASL_PLAINTEXT":
            logging.getLogger("aiokafka.conn").addFilter(_without_what_is_known)
        if self.protocol.startswith("SASL"):
            found |= {"sasl_mechanism": self.mechanism, "sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return found

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)  # it checks the certificate, and the host's name in it
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            raise BrokerFault(
                f"the TLS files for Kafka cannot be used ({type(error).__name__})",
                "Give PEM files that this process may read, and a key that belongs to its certificate: "
                "ALERTBUS_KAFKA_CA_FILE, ALERTBUS_KAFKA_CERT_FILE, ALERTBUS_KAFKA_KEY_FILE.",
            ) from None
        return context


def _without_what_is_known(record: logging.LogRecord) -> bool:
    """Drop a warning that would come with every connection to a local broker: beyond this machine no settings allow SASL_PLAINTEXT."""
    return "username and password in the clear" not in record.getMessage()


OPEN = Access()
"""A broker that asks nobody who they are."""


class Brokers(str):
    """Addresses as `host:port,host:port`, and the access that goes with them."""

    __slots__ = ("access",)
    access: Access

    def __new__(cls, servers: str, access: Access = OPEN) -> Self:
        made = super().__new__(cls, servers)
        made.access = access
        return made


LOCAL_USER = "alertbus"
"""Everybody's name at a local broker that is closed to other users of the machine."""


def client_arguments(bootstrap: str) -> dict[str, Any]:
    """The arguments with which any aiokafka client reaches these brokers as who we are."""
    access = bootstrap.access if isinstance(bootstrap, Brokers) else OPEN
    return {"bootstrap_servers": str(bootstrap)} | access.arguments()
