"""What each part may do at Kafka: as `deploy/kafka/acls.yaml` says, and as the brokers hold it, compared."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from aiokafka.errors import KafkaError, SecurityDisabled, for_code
from aiokafka.protocol.admin import DescribeAclsRequest, DescribeAclsRequest_v1

from alertbus.broker.access import NOT_REACHED
from alertbus.broker.faults import BrokerFault
from alertbus.broker.topics import ask_any


class Resource(IntEnum):
    """What a right is on, by Kafka's numbers."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5


class Operation(IntEnum):
    """What may be done, by Kafka's numbers."""

    All = 2
    Read = 3
    Write = 4
    Create = 5
    Delete = 6
    Alter = 7
    Describe = 8
    ClusterAction = 9
    DescribeConfigs = 10
    AlterConfigs = 11
    IdempotentWrite = 12


LITERAL, PREFIXED = 3, 4
"""Kafka's numbers for how a right's name is meant: as it stands, or as a beginning."""

_ANY, _ALLOW = 1, 3
_EVERYTHING = (_ANY, None, _ANY, None, None, _ANY, _ANY)
"""A filter that nothing falls through: resource, its name, pattern, principal, host, operation, permission."""

_EVERYWHERE = "*"
_KINDS = {
    "topics": (Resource.TOPIC, LITERAL),
    "topics_beginning": (Resource.TOPIC, PREFIXED),
    "groups": (Resource.GROUP, LITERAL),
    "cluster": (Resource.CLUSTER, LITERAL),
}


@dataclass(frozen=True, slots=True, order=True)
class AclRule:
    """One permission, from any host. `operation` and `resource` are Kafka's numbers: brokers may know some that we do not."""

    principal: str
    operation: int
    resource: int
    name: str
    pattern: int = LITERAL

    def __str__(self) -> str:
        what = Resource(self.resource).name.lower() if self.resource in set(Resource) else f"resource {self.resource}"
        deed = Operation(self.operation).name if self.operation in set(Operation) else f"operation {self.operation}"
        name = f"{self.name}*" if self.pattern == PREFIXED else self.name
        return f"{self.principal} {deed} {what} {name}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What the brokers lack of the file, and what they allow beyond it."""

    missing: tuple[AclRule, ...]
    too_much: tuple[AclRule, ...]


def rights_of(text: str) -> frozenset[AclRule]:
    """The rights that a file of rules gives. Raises `BrokerFault` for one that is not in its form."""
    try:
        return frozenset(_rights(yaml.safe_load(text)["rules"]))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        what = f"the file of Kafka's rights is not in its form ({type(error).__name__})"
        raise BrokerFault(what, "See the form at its top, in deploy/kafka/acls.yaml.") from None


def _rights(rules: Iterable[Mapping[str, Any]]) -> Iterator[AclRule]:
    for rule in rules:
        ((kind, names),) = ((key, value) for key, value in rule.items() if key not in {"principal", "may"})
        resource, pattern = _KINDS[kind]
        for operation in rule["may"]:
            for name in names:
                yield AclRule(rule["principal"], Operation[operation], resource, name, pattern)


@cache
def shipped_rights() -> frozenset[AclRule]:
    """Those of `deploy/kafka/acls.yaml`."""
    packaged = Path(__file__).with_name("kafka-acls.yaml")  # put there when the wheel is built
    checkout = Path(__file__).parents[2] / "deploy" / "kafka" / "acls.yaml"
    return rights_of((packaged if packaged.is_file() else checkout).read_text("utf-8"))


def compare(wanted: Collection[AclRule], held: Collection[AclRule]) -> Compared:
    """A right beyond the wanted ones counts where it lets one of our principals, or anybody, do something to what is ours."""
    ours = {right.principal for right in wanted}
    names = {(right.resource, right.name) for right in wanted if right.resource != Resource.CLUSTER}

    def touches(right: AclRule) -> bool:
        if right.principal in ours:
            return True
        if right.pattern == PREFIXED:
            return any(resource == right.resource and name.startswith(right.name) for resource, name in names)
        return right.name == _EVERYWHERE or (right.resource, right.name) in names

    return Compared(
        missing=tuple(sorted(right for right in wanted if not _included(right, held))),
        too_much=tuple(sorted(right for right in held if right not in wanted and touches(right) and not _implied(right, wanted))),
    )


def _included(right: AclRule, held: Collection[AclRule]) -> bool:
    """Whether what is held allows it: by itself, or by Kafka's own rule that who may read or write may describe."""
    return right in held or _implied(right, held)


def _implied(right: AclRule, by: Collection[AclRule]) -> bool:
    implying = {Operation.Describe: (Operation.Read, Operation.Write), Operation.DescribeConfigs: (Operation.AlterConfigs,)}
    same = [AclRule(right.principal, other, right.resource, right.name, right.pattern) for other in implying.get(right.operation, ())]  # type: ignore[call-overload]
    return any(other in by for other in same)


class _Ask(DescribeAclsRequest):  # type: ignore[misc]  # aiokafka has no types
    """In version 1: aiokafka 0.14 would choose version 2 and write it in the form of version 1."""

    def build(self, request_struct_class: object) -> DescribeAclsRequest_v1:  # noqa: ARG002  the choice is ours
        return DescribeAclsRequest_v1(*_EVERYTHING)


async def held_rights(bootstrap: str) -> frozenset[AclRule]:
    """The rights that the brokers hold, of everybody. Raises `BrokerFault`, also where brokers ask nobody for rights."""
    try:
        answer = await ask_any(bootstrap, _Ask(*_EVERYTHING))
        error = for_code(answer.error_code)
    except (TimeoutError, KafkaError, OSError) as fault:
        raise BrokerFault(f"{bootstrap} could not be asked for its ACLs ({type(fault).__name__})", NOT_REACHED) from fault
    if error is SecurityDisabled:
        raise BrokerFault(
            "the brokers have no authorizer: whoever reaches them may read every alert and forge a receipt",
            "Set authorizer.class.name, then run deploy/kafka/apply-acls.sh.",
        )
    if answer.error_code:
        what = f"{bootstrap} does not show its ACLs ({error.__name__})"
        raise BrokerFault(what, "Let the principal of `operations` describe the cluster, as deploy/kafka/acls.yaml says.")
    return frozenset(
        AclRule(principal.removeprefix("User:"), operation, resource, name, pattern)
        for resource, name, pattern, entries in answer.resources
        for principal, _, operation, permission in entries
        if permission == _ALLOW
    )
