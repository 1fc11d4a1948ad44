"""A briefing: what whoever arrives on a case is given on the first day, in sections (DESIGN section 15).

It says what stands and what is open, and where the past is to be read: the chronology. Within a section everything stands by its date, and
nothing is put before the rest because it is grave, vivid or new (NOT-06). What a reader may not see of a section is not there.
"""

from datetime import date
from typing import Annotated

from pydantic import Field

from alertbus.model.alert import Severity
from alertbus.model.base import Word
from alertbus.model.custody import Custody
from alertbus.model.sensitivity import Sensitivity as S

KIND = "briefing"
LAPSE = "lapse"
WHO_HAS_IT = "who_has_it"
OWN_KINDS = frozenset({KIND, LAPSE, WHO_HAS_IT})
"""The kinds of the obligations that the bus makes itself. Nobody may state an alert of one."""

OWN_SOURCE = "alertbus"


class BriefedFlag(Word):
    """A warning that stands: it is read before anything else (VPF-06, VPF-11)."""

    kind: Annotated[str, S.ROUTING]
    title: Annotated[str, S.ACTION]
    action: Annotated[str, S.ACTION]
    since: Annotated[date, S.ROUTING]
    source: Annotated[str | None, S.ROUTING] = None
    """The agency that stated it; None where it must not be told."""
    grade: Annotated[str | None, S.ACTION] = None
    review_on: Annotated[date | None, S.ROUTING] = None


class BriefedPlan(Word):
    """A plan or status of the family that is in force, and since when the case holder's record has it."""

    type: Annotated[str, S.PLAN]
    since: Annotated[date | None, S.PLAN] = None
    children: Annotated[tuple[str, ...], S.PLAN] = ()
    """Those it is for, as they are called in the notice's `children`."""


class BriefedLink(Word):
    """An adult who is linked to the case. Who it is, as far as the reader may know, stands in the notice's `people`, by `ref`."""

    ref: Annotated[str, S.ROUTING]
    relation: Annotated[str | None, S.ADULT_IDENTITY] = None
    certainty: Annotated[str, S.ROUTING]
    source: Annotated[str | None, S.ADULT_IDENTITY] = None
    since: Annotated[date | None, S.ADULT_IDENTITY] = None
    in_household: Annotated[bool | None, S.ADULT_IDENTITY] = None
    """None: not stated."""
    custody: Annotated[Custody | None, S.ROUTING] = None
    """Where they are, as prison or probation stated it, and a release that lies ahead; None where the reader knows of nothing stated."""


class BriefedItem(Word):
    """Something that somebody owes on the case by a time, and that is open. An obligation's answer is one too (`rule` is `answer`)."""

    rule: Annotated[str, S.ROUTING]
    title: Annotated[str, S.ACTION]
    agency: Annotated[str, S.ROUTING]
    role: Annotated[str, S.ROUTING]
    since: Annotated[date, S.ROUTING]
    due: Annotated[date | None, S.ROUTING] = None
    overdue: Annotated[bool, S.ROUTING] = False
    child: Annotated[str | None, S.PLAN] = None
    """Which child it is about, as called in the notice's `children`."""


class BriefedAlert(Word):
    """An alert that stands. Its words are in its own notice and in the chronology."""

    kind: Annotated[str, S.ROUTING]
    title: Annotated[str, S.ACTION]
    day: Annotated[date, S.ROUTING]
    source: Annotated[str | None, S.ROUTING] = None
    source_id: Annotated[str | None, S.ROUTING] = None
    """The sender's own id, to quote; None where the source must not be told."""
    severity: Annotated[Severity, S.ROUTING]


class BriefedHolder(Word):
    """Somebody who answers, or answered, for an agency on the case. Named as a professional: whom to call."""

    agency: Annotated[str, S.ACTION]
    level: Annotated[str, S.ACTION] = "agency"
    name: Annotated[str | None, S.ACTION] = None
    role: Annotated[str | None, S.ACTION] = None
    team: Annotated[str | None, S.ACTION] = None
    since: Annotated[date | None, S.ACTION] = None
    until: Annotated[date | None, S.ACTION] = None


class BriefedHandover(Word):
    """How the case came to whoever reads this. `pack` None: nobody has said whether one came with it (TUR-01)."""

    role: Annotated[str, S.ACTION]
    from_: Annotated[str | None, S.ACTION] = Field(default=None, alias="from")
    to: Annotated[str | None, S.ACTION] = None
    pack: Annotated[bool | None, S.ROUTING] = None
    interim: Annotated[bool | None, S.ROUTING] = None
    day: Annotated[date, S.ROUTING]
    critical: Annotated[tuple[str, ...], S.PLAN] = ()
    """Why it falls at a critical moment (TUR-03); empty when it does not."""
    consent_withdrawn: Annotated[bool, S.PLAN] = False
    """The family has withdrawn its consent to the plan that is handed over (ENG-04)."""


class Briefing(Word):
    """All sections, in reading order. An empty one means that nothing of it stands, or that the reader may not see it (`withheld`)."""

    day: Annotated[date, S.ROUTING]
    arrived: Annotated[tuple[str, ...], S.ROUTING] = ()
    """What makes it necessary: `agency`, `worker`, `manager`, `link`, `handover`, `changes`, `successor`."""
    flags: Annotated[tuple[BriefedFlag, ...], S.ROUTING] = ()
    handover: Annotated[BriefedHandover | None, S.ROUTING] = None
    plans: Annotated[tuple[BriefedPlan, ...], S.ROUTING] = ()
    links: Annotated[tuple[BriefedLink, ...], S.ROUTING] = ()
    open: Annotated[tuple[BriefedItem, ...], S.ROUTING] = ()
    stands: Annotated[tuple[BriefedAlert, ...], S.ROUTING] = ()
    changes: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who else arrived on the case within the policy's window (TUR-10)."""
    others: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who else is on the case, and how to reach them."""
    before: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who held it before in the reader's own service (TUR-08, TUR-09)."""
    past: Annotated[str, S.ROUTING] = ""
    """Where the past is to be read."""
