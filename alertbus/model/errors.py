"""Everything that can go wrong, as one tree.

    BusError
    ├── InvalidInput        the sender can mend it: every fault with its path          not retriable
    ├── NotUnderstood       a raw message no source plugin can read; kept in review    not retriable
    ├── NotFound            no such thing, or not yours to see                         not retriable
    ├── TooLarge            more bytes than the bus takes                              not retriable
    ├── TooMany             more than is kept of one sender in an hour                 not retriable
    ├── NotAllowed          the caller is known, and not permitted to do this          not retriable
    ├── WhoAreYou           no token, or one nobody has                                not retriable
    ├── VersionConflict     somebody changed it since you read it                      not retriable
    ├── PolicyFault         the policy file contradicts itself or names nothing known  not retriable
    ├── PluginFault         an agency plugin broke its contract                        not retriable
    ├── SettingsFault       a setting is wrong; start-up stops                         not retriable
    ├── PoisonRecord        a Kafka record that cannot be decided; goes to quarantine  not retriable
    ├── StateUnreadable     what stands on a changelog is no state of ours             not retriable
    └── Unavailable         something we depend on does not answer                     retriable
        ├── BrokerUnavailable
        ├── SourceAway      a source's plugin is out of order (`intake.source_calls`)
        └── DatabaseUnavailable

A message names the plugin, topic, setting or path, says what was expected and what to do next. It never holds a name, a date of
birth, an address, an identifier's value or narrative: an opaque id or a path is enough to find the record.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (a dotted path) and what was expected there. Never the value found."""

    path: str
    expected: str
    code: str = "invalid"


_MADE_WHILE_RUNNING = 1 << 9
"""Python's mark (`Py_TPFLAGS_HEAPTYPE`) of a class that is not built in; not every one that is stands in `builtins` (NoneType)."""


def told_class(kind: type) -> str:
    """Name a class for a log or an error, with its module unless it is Python's own. One that was made while running may have been named
    after what it was about: then its nearest ancestor that stands in a module under its own name.
    """
    for one in kind.__mro__:
        if not one.__flags__ & _MADE_WHILE_RUNNING and one.__module__ == "builtins":
            return one.__qualname__
        module: object = sys.modules.get(one.__module__)
        found = reduce(lambda place, name: getattr(place, name, None), one.__qualname__.split("."), module)
        if found is one:
            return f"{one.__module__}.{one.__qualname__}".removeprefix("builtins.")
    return "object"


class BusError(Exception):
    """Root of the tree. `code` is stable and safe as a metric label; `retriable` says whether the same call may succeed later."""

    code: ClassVar[str] = "bus_error"
    retriable: ClassVar[bool] = False


class InvalidInput(BusError):
    code = "invalid_input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        where = "; ".join(f"{f.path}: {f.expected}" for f in self.faults)
        super().__init__(f"{len(self.faults)} fault(s). {where}")


class NotUnderstood(BusError):
    code = "not_understood"


class NotFound(BusError):
    code = "not_found"


class TooLarge(BusError):
    code = "too_large"


class TooMany(BusError):
    code = "too_many"


class NotAllowed(BusError):
    code = "not_allowed"


class WhoAreYou(BusError):
    code = "unauthenticated"


class VersionConflict(BusError):
    code = "version_conflict"


class PolicyFault(BusError):
    code = "policy_fault"


class PluginFault(BusError):
    code = "plugin_fault"


class SettingsFault(BusError):
    code = "settings_fault"


class PoisonRecord(BusError):
    code = "poison_record"


class StateUnreadable(BusError):
    code = "state_unreadable"

    def __init__(self, changelog: str, partition: int) -> None:
        super().__init__(
            f"topic '{changelog}', partition {partition}, holds what is no state of ours: see deploy/runbooks/unreadable-state.md"
        )


class Unavailable(BusError):
    code = "unavailable"
    retriable = True


class BrokerUnavailable(Unavailable):
    code = "broker_unavailable"


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
