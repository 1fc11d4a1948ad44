"""How much each agency's system may be sent at this moment: its circuit, and what is out with it.

One worker's knowledge, kept in memory. A dead or slow agency uses up only its own share. Asking for `room` changes nothing: the
thread that leases asks too.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from alertbus.delivery.channels import Channels
from alertbus.delivery.circuit import Circuit, CircuitState
from alertbus.delivery.outcome import Act, FollowUp, Health, Outcome
from alertbus.delivery.pace import Pace

log = structlog.stdlib.get_logger(__name__)


class Agencies:
    """Told of every message that goes out and of every outcome; says how many more may go."""

    def __init__(self, channels: Channels, pace: Pace, now: Callable[[], datetime]) -> None:
        self._channels = channels
        self._pace = pace
        self._now = now
        self._circuits: defaultdict[str, Circuit] = defaultdict(Circuit)
        self._in_flight: Counter[str] = Counter()
        self._recovered: set[str] = set()
        self._opened_at: dict[str, datetime] = {}

    @property
    def free(self) -> int:
        """How many more messages this worker may have in flight."""
        return self._pace.in_flight - self._in_flight.total()

    @property
    def nothing_is_out(self) -> bool:
        """Whether every message that went out has come back."""
        return self._in_flight.total() == 0

    @property
    def full(self) -> list[str]:
        """The agencies that may be sent nothing now."""
        return [agency for agency in {*self._in_flight, *self._circuits} if self.room(agency) <= 0]

    def room(self, agency: str) -> int:
        """How many more messages this agency may be sent now."""
        usual = self._pace.per_inbox if self._channels.batch(agency) else self._pace.per_agency
        free = max(0, self._channels.at_once(agency, usual) - self._in_flight[agency])
        circuit = self._circuits.get(agency)
        return free if circuit is None else circuit.room(self._now(), free)

    def next_opening(self, now: datetime) -> datetime | None:
        """When the next agency that is left alone may be tried again, if that is not yet."""
        waiting = [circuit.until for circuit in self._circuits.values() if circuit.until is not None and circuit.until > now]
        return min(waiting, default=None)

    def goes_out(self, agency: str) -> None:
        self._in_flight[agency] += 1
        self._circuits[agency] = self._circuits[agency].left(self._now(), self._pace.circuit)

    def came_back(self, agency: str, outcome: Outcome, follow_up: FollowUp, now: datetime) -> None:
        """Note that a message is no longer out, and what its outcome says of the agency's system."""
        self._in_flight[agency] -= 1
        before = self._circuits[agency]
        after = self._circuits[agency] = self._judged(before, outcome, follow_up, now)
        if before.state is not after.state:
            log.warning("an agency's circuit changed", agency=agency, state=after.state.value)
            if before.state is CircuitState.CLOSED:
                self._opened_at[agency] = now
            if after.state is CircuitState.CLOSED:
                self._recovered.add(agency)
                self._opened_at.pop(agency, None)

    def left_alone(self) -> Mapping[str, Mapping[str, str]]:
        """Say of each agency whose circuit is not closed since when, and until when nothing is sent there: for other processes to read."""
        found = {}
        for agency, since in self._opened_at.items():
            until = self._circuits[agency].until or since
            found[agency] = {"since": since.isoformat(), "until": until.isoformat()}
        return found

    def take_recovered(self) -> set[str]:
        """Give, once, the agencies whose systems have begun to answer again."""
        recovered, self._recovered = self._recovered, set()
        return recovered

    def _judged(self, before: Circuit, outcome: Outcome, follow_up: FollowUp, now: datetime) -> Circuit:
        match follow_up.health:
            case Health.ALIVE:
                return before.succeeded()
            case Health.UNKNOWN:
                return before.unanswered(now)
            case Health.DOWN:
                after = before.failed(now, self._pace.circuit)
                if follow_up.act is Act.DISABLE:
                    return after.asked_to_wait(now + self._pace.circuit.gone)
                if outcome.retry_after is not None:
                    return after.asked_to_wait(now + min(outcome.retry_after, self._pace.limits.backoff.longest_wish))
                return after
