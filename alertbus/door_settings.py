"""The settings of the three doors, Kafka, the database and HTTP: where each is, and how it is closed to strangers.

On this machine alone each may stand open; what goes beyond it is encrypted, or the bus does not start (DESIGN section 7).
"""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

from alertbus.broker.access import Access, Mechanism, Protocol
from alertbus.database_address import driver_url, is_loopback, is_readable_on_the_way
from alertbus.model.errors import SettingsFault
from alertbus.secret_files import RULE, check_secret_file, read_secret

SettingsPath = Annotated[Path, AfterValidator(Path.expanduser)]

Principal = Literal["gateway", "stream", "delivery", "chronicle", "operations"]
"""Who may be somebody at Kafka: each part, and the command line with `alertbus up` (`operations`)."""


class PrincipalSettings(BaseModel):
    """Who one part is at Kafka, where it is not who all the others are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    user: str | None = Field(None, min_length=1, description="the part's name at Kafka, for SASL")
    password_file: SettingsPath | None = Field(None, description="the path of a file with its password, which only its owner can read")
    cert_file: SettingsPath | None = Field(None, description="the path of its certificate (PEM)")
    key_file: SettingsPath | None = Field(None, description="the path of the certificate's key (PEM), which only its owner can read")


class DoorSettings(BaseSettings):
    """Where the doors are, and with what they are opened from inside."""

    bootstrap_servers: str | None = Field(
        None,
        pattern=r"^(\[[0-9A-Fa-f:]+\]|[\w.-]+):[0-9]{1,5}(,(\[[0-9A-Fa-f:]+\]|[\w.-]+):[0-9]{1,5})*$",
        description="Kafka brokers as host:port, several with commas and no spaces",
        examples=["kafka-0:9092,kafka-1:9092"],
    )
    local_broker: Literal["closed", "open"] = Field(
        "closed",
        description="closed or open: whether other users of this machine are kept from the broker that `alertbus up` starts by itself",
        examples=["closed"],
    )
    kafka_security_protocol: Protocol = Field(
        "PLAINTEXT",
        description="SASL_SSL, SSL, SASL_PLAINTEXT or PLAINTEXT (the last two for brokers on this machine only)",
        examples=["SASL_SSL"],
    )
    kafka_ca_file: SettingsPath | None = Field(
        None,
        description="the path of the certificates (PEM) of whoever signs the brokers' certificates",
        examples=["/etc/alertbus/kafka-ca.pem"],
    )
    kafka_cert_file: SettingsPath | None = Field(
        None, description="the path of this bus's certificate for Kafka (PEM)", examples=["/etc/alertbus/kafka.pem"]
    )
    kafka_key_file: SettingsPath | None = Field(
        None, description="the path of that certificate's key (PEM), which only its owner can read", examples=["/etc/alertbus/kafka.key"]
    )
    kafka_sasl_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN", examples=["SCRAM-SHA-512"]
    )
    kafka_user: str | None = Field(None, min_length=1, description="this bus's name at Kafka, for SASL", examples=["alertbus-gateway"])
    kafka_password_file: SettingsPath | None = Field(
        None,
        description="the path of a file that holds the password for Kafka and that only its owner can read",
        examples=["/etc/alertbus/kafka-password"],
    )
    kafka_principals: dict[Principal, PrincipalSettings] = Field(
        default_factory=dict,
        description="a mapping from gateway, stream, delivery, chronicle and operations to who each is at Kafka",
        examples=['{"delivery": {"user": "alertbus-delivery", "password_file": "/etc/alertbus/delivery-password"}}'],
    )
    database_url: str | None = Field(
        None,
        repr=False,
        description="a postgresql:// or sqlite:/// address that SQLAlchemy can read",
        examples=["postgresql://USER:PASSWORD@HOST:5432/alertbus"],
    )
    database_url_file: SettingsPath | None = Field(
        None,
        description="the path of a file with that address, which only its owner can read",
        examples=["/etc/alertbus/database-url"],
    )
    database_ca_file: SettingsPath | None = Field(
        None,
        description="the path of the certificates (PEM) of whoever signs PostgreSQL's certificate",
        examples=["/etc/alertbus/database-ca.pem"],
    )
    http_host: str = Field("127.0.0.1", min_length=1, description="the address to listen on", examples=["127.0.0.1"])
    http_port: int = Field(8080, ge=0, le=65535, description="a port number from 0 to 65535", examples=["8080"])
    desk_port: int = Field(8081, ge=0, le=65535, description="a port number from 0 to 65535, for the desk's pages", examples=["8081"])

    http_tls_cert_file: SettingsPath | None = Field(
        None,
        description="the path of the gateway's certificate, those between it and its authority included (PEM)",
        examples=["/etc/alertbus/http.pem"],
    )
    http_tls_key_file: SettingsPath | None = Field(
        None, description="the path of that certificate's key (PEM), which only its owner can read", examples=["/etc/alertbus/http.key"]
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="a list of addresses or networks of the proxies in front of the gateway",
        examples=['["10.0.0.7", "10.1.0.0/24"]'],
    )
    http_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#@\s]+$",
        description="the address under which the gateway is called, https:// and its name",
        examples=["https://alertbus.example"],
    )
    http_ca_file: SettingsPath | None = Field(
        None,
        description="the path of the certificates (PEM) of whoever signs the gateway's certificate, for the command line",
        examples=["/etc/alertbus/http-ca.pem"],
    )

    @property
    def api_url(self) -> str:
        """Where the command line, and whoever is told of this bus, calls the gateway."""
        scheme = "https" if self.http_tls_cert_file else "http"
        return self.http_url or f"{scheme}://{self.http_host}:{self.http_port}"

    def require_a_closed_door(self) -> None:
        """Refuse to listen beyond this machine in the clear: tokens and alerts would cross the network."""
        if bool(self.http_tls_cert_file) != bool(self.http_tls_key_file):
            raise PydanticCustomError(RULE, "ALERTBUS_HTTP_TLS_CERT_FILE: a certificate is of use with its key alone; give both files")
        if not (self.http_tls_cert_file or self.trusted_proxies or is_loopback(self.http_host)):
            raise PydanticCustomError(
                RULE,
                "ALERTBUS_HTTP_TLS_CERT_FILE: expected a certificate, because other machines reach ALERTBUS_HTTP_HOST and every token and "
                "alert would cross the network in the clear; set it and ALERTBUS_HTTP_TLS_KEY_FILE, or name the proxy in front, which "
                "speaks TLS, in ALERTBUS_TRUSTED_PROXIES",
            )

    def access(self, principal: Principal) -> Access:
        """Who this part is at Kafka, its password read now. Raises `SettingsFault`."""
        own = self.kafka_principals.get(principal, PrincipalSettings())
        certificate = (own.cert_file, own.key_file) if own.cert_file else (self.kafka_cert_file, self.kafka_key_file)
        user, file = (own.user, own.password_file) if own.user else (self.kafka_user, self.kafka_password_file)
        password = None
        if self.kafka_security_protocol.startswith("SASL"):
            if user is None or file is None:
                raise SettingsFault(
                    f"ALERTBUS_KAFKA_USER: {principal} has no name or no password at Kafka; set ALERTBUS_KAFKA_USER and "
                    f"ALERTBUS_KAFKA_PASSWORD_FILE, or ALERTBUS_KAFKA_PRINCIPALS__{principal.upper()}__USER and __PASSWORD_FILE"
                )
            password = read_secret(file, "ALERTBUS_KAFKA_PASSWORD_FILE")
        return Access(self.kafka_security_protocol, self.kafka_ca_file, *certificate, self.kafka_sasl_mechanism, user, password)

    @field_validator("kafka_ca_file", "kafka_cert_file", "database_ca_file", "http_tls_cert_file", "http_ca_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy)
        return proxies

    @field_validator("database_url")
    @classmethod
    def _is_readable(cls, url: str | None) -> str | None:
        if url is not None:
            driver_url(url, Path())
        return url

    @model_validator(mode="after")
    def _keeps_its_keys(self) -> Self:
        for setting, path in self._secret_files():
            try:
                check_secret_file(path, setting)
            except SettingsFault as fault:
                raise PydanticCustomError(RULE, str(fault)) from None
        return self

    def _secret_files(self) -> Iterator[tuple[str, Path]]:
        given: dict[str, Path | None] = {
            "ALERTBUS_KAFKA_PASSWORD_FILE": self.kafka_password_file,
            "ALERTBUS_KAFKA_KEY_FILE": self.kafka_key_file,
            "ALERTBUS_HTTP_TLS_KEY_FILE": self.http_tls_key_file,
        }
        for principal, own in self.kafka_principals.items():
            given[f"ALERTBUS_KAFKA_PRINCIPALS {principal}.password_file"] = own.password_file
            given[f"ALERTBUS_KAFKA_PRINCIPALS {principal}.key_file"] = own.key_file
        return ((setting, path) for setting, path in given.items() if path is not None)

    @model_validator(mode="after")
    def _encrypts_what_goes_to_kafka(self) -> Self:
        beyond = [server for server in (self.bootstrap_servers or "").split(",") if server and not is_loopback(server.rpartition(":")[0])]
        if beyond and not self.kafka_security_protocol.endswith("SSL"):
            raise PydanticCustomError(
                RULE,
                "ALERTBUS_KAFKA_SECURITY_PROTOCOL: expected SASL_SSL or SSL, because ALERTBUS_BOOTSTRAP_SERVERS names another "
                "machine and every alert would cross the network in the clear; set it, and ALERTBUS_KAFKA_CA_FILE",
            )
        return self

    @model_validator(mode="after")
    def _encrypts_what_goes_to_the_database(self) -> Self:
        if self.database_url is not None and is_readable_on_the_way(driver_url(self.database_url, Path(), self.database_ca_file)):
            raise PydanticCustomError(
                RULE,
                "ALERTBUS_DATABASE_URL: expected sslmode=verify-full and a named authority, because the database is on another "
                "machine and everything kept there would cross the network; set ALERTBUS_DATABASE_CA_FILE (or sslrootcert=)",
            )
        return self
