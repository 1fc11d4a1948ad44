"""All that the bus takes in, without HTTP: alerts, cases, raw messages and answers, each durable on the broker before a call returns.

What cannot be made durable raises `Unavailable` and may be sent again: nothing has a second effect.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.producer import Producer
from alertbus.directory.directory import Directory
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.alerts import AlertIntake
from alertbus.intake.cases import CaseIntake
from alertbus.intake.messages import MessageIntake
from alertbus.intake.publisher import LIMIT_S, Publisher
from alertbus.plugin.manager import Plugins


@dataclass(slots=True)
class Intake:
    """The four intakes over one publisher. Safe in any number of processes over one database and one broker."""

    engine: AsyncEngine
    producer: Producer
    plugins: Plugins
    now: Callable[[], datetime]
    limit_s: float = LIMIT_S
    """Seconds that a caller waits for the broker before being told to come again."""
    publisher: Publisher = field(init=False)
    alerts: AlertIntake = field(init=False)
    cases: CaseIntake = field(init=False)
    messages: MessageIntake = field(init=False)
    answers: AnswerIntake = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.producer, self.limit_s)
        self.alerts = AlertIntake(self.engine, self.publisher, Directory(self.engine), self.now)
        self.cases = CaseIntake(self.engine, self.publisher, self.now)
        self.messages = MessageIntake(self.engine, self.publisher, self.alerts, self.plugins, self.now)
        self.answers = AnswerIntake(self.engine, self.publisher, self.plugins, self.now)
