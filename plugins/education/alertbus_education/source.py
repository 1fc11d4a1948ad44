"""A Common Transfer File in, one alert for each child out: that they may have changed school (decision 0030).

The file's word changes no case. Whoever holds a child's case is asked to confirm it; the old school, and everybody else on the
case, hears that it is said; the new school hears nothing until the case holder enters it.
"""

import hashlib
from collections.abc import Mapping

from alertbus.plugin import (
    Alert,
    Details,
    Headers,
    Identifier,
    IdentifierSystem,
    Ignored,
    Person,
    SchoolChange,
    Severity,
    Subject,
)
from alertbus_education.transfer import Pupil, TransferFile, read_transfer

KIND = "school_changed"


class TransferFiles:
    """The source `ctf`. The alert's source is the school that made the file: what `schools` calls it, by the number of authority and
    school, else `school.<that number>`.
    """

    name = "ctf"

    def __init__(self, *, schools: Mapping[str, str] | None = None) -> None:
        self._schools = dict(schools or {})

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        read = read_transfer(raw)
        if read is None:
            return Ignored("a transfer file to no known school moves nobody: it is kept in the national store until one asks for it")
        if read.source == read.destination:
            return Ignored("a transfer file from a school to itself moves nobody")
        source = self._schools.get(read.source, f"school.{read.source}")
        digest = hashlib.sha256(raw).hexdigest()[:32]
        return [_alert(read, pupil, source, f"CTF-{digest}-{place}") for place, pupil in enumerate(read.pupils)]


def _alert(read: TransferFile, pupil: Pupil, source: str, alert_id: str) -> Alert:
    """An id is made of the whole file: nothing of a child can be worked out from it."""
    change = {"from": read.source, "to": read.destination, "in_care": pupil.in_care, "care_authority": pupil.care_authority}
    upns = (Identifier(system=IdentifierSystem.UPN, value=pupil.upn),) if pupil.upn else ()
    return Alert(
        id=alert_id,
        source=source,
        kind=KIND,
        occurred_at=read.made_at,
        recorded_at=read.made_at,
        children=(Subject(role="child", person=Person(name=pupil.name, born=pupil.born, identifiers=upns)),),
        severity=Severity.LOW,
        details=Details(school_change=SchoolChange.model_validate({name: value for name, value in change.items() if value is not None})),
    )
