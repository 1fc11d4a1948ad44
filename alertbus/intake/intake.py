"""All that the bus takes in, without HTTP: alerts, cases, who is who, raw messages, answers and decisions.

Each is durable on the broker before a call returns.

What cannot be made durable raises `Unavailable` and may be sent again: nothing has a second effect.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from alertbus.audit.anchor import Anchor
from alertbus.audit.keys import NO_KEYS, AuditKeys
from alertbus.audit.trail import Trail
from alertbus.broker.producer import Producer
from alertbus.directory.directory import Directory
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.alerts import AlertIntake
from alertbus.intake.by_name import Audited
from alertbus.intake.cases import CaseIntake
from alertbus.intake.completion import AnswerCompletion
from alertbus.intake.decisions import DecisionIntake
from alertbus.intake.item_decisions import ItemDecisions
from alertbus.intake.item_escalations import ItemEscalations
from alertbus.intake.messages import MessageIntake
from alertbus.intake.people import PeopleIntake
from alertbus.intake.publisher import LIMIT_S, Publisher
from alertbus.intake.team_intake import TeamIntake
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database


@dataclass(slots=True)
class Intake:
    """The intakes over one publisher. Safe in any number of processes over one database and one broker."""

    bootstrap: str
    engine: Database
    producer: Producer
    plugins: Plugins
    policy: Policy
    now: Callable[[], datetime]
    limit_s: float = LIMIT_S
    """Seconds that a caller waits for the broker before being told to come again."""
    keys: AuditKeys = NO_KEYS
    anchor: Anchor | None = None
    """The keys of the audit, and where its heads are kept outside."""
    publisher: Publisher = field(init=False)
    audited: Audited = field(init=False)
    alerts: AlertIntake = field(init=False)
    cases: CaseIntake = field(init=False)
    people: WhoIsWhoIntake = field(init=False)
    messages: MessageIntake = field(init=False)
    answers: AnswerIntake = field(init=False)
    completion: AnswerCompletion = field(init=False)
    item_decisions: ItemDecisions = field(init=False)
    item_escalations: ItemEscalations = field(init=False)
    decisions: DecisionIntake = field(init=False)
    who_is_who: PeopleIntake = field(init=False)
    teams: TeamIntake = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.producer, self.limit_s)
        self.audited = Audited(Trail(self.bootstrap, self.engine, self.producer, self.now, self.keys, self.anchor), self.publisher)
        who_is_who = Directory(self.engine, self.policy.identity)
        self.alerts = AlertIntake(self.engine, self.publisher, who_is_who, self.now, self.policy.moments, self.plugins.kinds)
        self.cases = CaseIntake(self.engine, self.publisher, self.policy.identity, self.now, self.policy.moments)
        self.people = WhoIsWhoIntake(self.engine, self.publisher, self.cases, self.now, self.policy.moments)
        self.messages = MessageIntake(self.engine, self.publisher, self.alerts, self.people, self.plugins, self.now)
        undo_minutes = self.policy.escalation.undo_minutes
        self.answers = AnswerIntake(self.engine, self.publisher, self.plugins, self.audited, self.now, undo_minutes)
        self.completion = AnswerCompletion(self.engine, self.publisher, self.now)
        self.item_decisions = ItemDecisions(self.engine, self.publisher, self.audited, self.policy, self.now)
        self.item_escalations = ItemEscalations(self.engine, self.publisher, self.audited, self.policy, self.now)
        self.decisions = DecisionIntake(
            self.engine, self.publisher, self.people, self.answers, self.audited, self.policy.front_door, self.now
        )
        self.who_is_who = PeopleIntake(self.engine, self.people, self.audited, self.now)
        self.teams = TeamIntake(self.engine, self.publisher, self.audited, self.now, self.policy.moments)

    async def close(self) -> None:
        """Leave the broker, whatever is still under way: nobody waits for it any more."""
        await self.publisher.close()
        await self.audited.close()
