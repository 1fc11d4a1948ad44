"""For `alertbus doctor`: may each part do at Kafka what it must, and nothing beside."""

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from alertbus.broker.acls import AclRule, compare, held_rights, shipped_rights
from alertbus.door_settings import Principal
from alertbus.model.errors import BusError
from alertbus.run.bus_file import bootstrap_servers
from alertbus.settings import Settings

SHOWN = 5


class NeedsALook(Exception):
    """All works, and there is something that a person should see to. Its text says what."""


async def kafka_rights(settings: Settings) -> str:
    """Compare the brokers' ACLs with those shipped. Raises `BusError` for what is missing or beside them, `BrokerFault` for no answer."""
    servers = bootstrap_servers(settings)
    if servers.access.protocol == "PLAINTEXT":
        raise NeedsALook(
            f"{servers} asks nobody who they are: every user of this machine can read alerts and forge receipts. "
            "Good for trying out; for more, set ALERTBUS_KAFKA_SECURITY_PROTOCOL and see deploy/README.md"
        )
    wanted = [named(right, settings) for right in shipped_rights()]
    found = compare(wanted, await held_rights(servers))
    faults = [*_shown("missing", found.missing), *_shown("allowed beside", found.too_much)]
    if faults:
        raise BusError(f"{'; '.join(faults)}. Apply deploy/kafka/acls.yaml (apply-acls.sh), and remove what is beside it.")
    return f"{len(wanted)} rights, as in deploy/kafka/acls.yaml"


def named(right: AclRule, settings: Settings) -> AclRule:
    """The same right under the name that its part has in the settings; in the file, it is `alertbus-` and the part."""
    for principal in get_args(Principal):
        own = settings.kafka_principals.get(principal)
        if own is not None and own.user and right.principal == f"alertbus-{principal}":
            return replace(right, principal=own.user)
    return right


def _shown(what: str, rights: Iterable[AclRule]) -> list[str]:
    lines = [str(right) for right in rights]
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [f"{what}: {', '.join([*lines[:SHOWN], *more])}"] if lines else []
