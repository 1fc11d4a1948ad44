"""Who the stream worker is at Kafka, as the engine takes it: for its consumer, its producer, and the recovery of its tables alike."""

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from alertbus.broker.access import client_arguments


def engine_credentials(bootstrap: str) -> CredentialsT | None:
    """The same access that every other client of ours takes from `client_arguments`; None where a broker asks for none."""
    found = client_arguments(bootstrap)
    context = found.get("ssl_context")
    if "sasl_mechanism" in found:
        return SASLCredentials(
            username=found["sasl_plain_username"],
            password=found["sasl_plain_password"],
            ssl_context=context,
            mechanism=found["sasl_mechanism"],
        )
    return SSLCredentials(context) if context is not None else None
