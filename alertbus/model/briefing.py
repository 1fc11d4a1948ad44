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
    """The kind of the alert that set it."""
    title: Annotated[str, S.ACTION]
    """The kind in words."""
    action: Annotated[str, S.ACTION]
    """What to do before any visit."""
    since: Annotated[date, S.ROUTING]
    """The day from which it stands."""
    source: Annotated[str | None, S.ROUTING] = None
    """The agency that stated it; None where it must not be told."""
    grade: Annotated[str | None, S.ACTION] = None
    """How grave, in the word of whoever set it."""
    review_on: Annotated[date | None, S.ROUTING] = None
    """The day on which it must be looked at again."""


class BriefedPlan(Word):
    """A plan or status of the family that is in force, and since when the case holder's record has it."""

    type: Annotated[str, S.PLAN]
    """Which plan or status."""
    since: Annotated[date | None, S.PLAN] = None
    """Since when it is in force; None: not stated."""
    children: Annotated[tuple[str, ...], S.PLAN] = ()
    """Those it is for, as they are called in the notice's `children`."""


class BriefedLink(Word):
    """An adult who is linked to the case. Who it is, as far as the reader may know, stands in the notice's `people`, by `ref`."""

    ref: Annotated[str, S.ROUTING]
    """Who, as called in the notice's `people`."""
    relation: Annotated[str | None, S.ADULT_IDENTITY] = None
    """What they are to the family."""
    certainty: Annotated[str, S.ROUTING]
    """How sure that is; shown wherever the relation is."""
    source: Annotated[str | None, S.ADULT_IDENTITY] = None
    """The agency that stated the link."""
    since: Annotated[date | None, S.ADULT_IDENTITY] = None
    """Since when."""
    in_household: Annotated[bool | None, S.ADULT_IDENTITY] = None
    """None: not stated."""
    custody: Annotated[Custody | None, S.ROUTING] = None
    """Where they are, as prison or probation stated it, and a release that lies ahead; None where the reader knows of nothing stated."""


class BriefedItem(Word):
    """Something that somebody owes on the case by a time, and that is open. An obligation's answer is one too (`rule` is `answer`)."""

    rule: Annotated[str, S.ROUTING]
    """The rule of the policy that asks for it."""
    title: Annotated[str, S.ACTION]
    """What is owed, in words."""
    agency: Annotated[str, S.ROUTING]
    """The agency that owes it."""
    role: Annotated[str, S.ROUTING]
    """The role that owes it."""
    since: Annotated[date, S.ROUTING]
    """Since when it is open."""
    due: Annotated[date | None, S.ROUTING] = None
    """By when; None: no time was set."""
    overdue: Annotated[bool, S.ROUTING] = False
    """Whether that day was over on the briefing's day."""
    child: Annotated[str | None, S.PLAN] = None
    """Which child it is about, as called in the notice's `children`."""


class BriefedAlert(Word):
    """An alert that stands. Its words are in its own notice and in the chronology."""

    kind: Annotated[str, S.ROUTING]
    """The alert's kind."""
    title: Annotated[str, S.ACTION]
    """The kind in words."""
    day: Annotated[date, S.ROUTING]
    """The day on which it happened."""
    source: Annotated[str | None, S.ROUTING] = None
    """The agency that stated it; None where it must not be told."""
    source_id: Annotated[str | None, S.ROUTING] = None
    """The sender's own id, to quote; None where the source must not be told."""
    severity: Annotated[Severity, S.ROUTING]
    """How grave."""


class BriefedHolder(Word):
    """Somebody who answers, or answered, for an agency on the case. Named as a professional: whom to call."""

    agency: Annotated[str, S.ACTION]
    """The agency."""
    level: Annotated[str, S.ACTION] = "agency"
    """`agency`, `worker` or `manager`: for what they hold the case."""
    name: Annotated[str | None, S.ACTION] = None
    """Their name; None where none is recorded."""
    role: Annotated[str | None, S.ACTION] = None
    """Their role."""
    team: Annotated[str | None, S.ACTION] = None
    """Their team."""
    since: Annotated[date | None, S.ACTION] = None
    """From which day."""
    until: Annotated[date | None, S.ACTION] = None
    """Until which day; None: still."""


class BriefedHandover(Word):
    """How the case came to whoever reads this. `pack` None: nobody has said whether one came with it (TUR-01)."""

    role: Annotated[str, S.ACTION]
    """The role that changed hands."""
    from_: Annotated[str | None, S.ACTION] = Field(default=None, alias="from")
    """Who had it."""
    to: Annotated[str | None, S.ACTION] = None
    """Who has it now."""
    pack: Annotated[bool | None, S.ROUTING] = None
    """Whether the papers came with it."""
    interim: Annotated[bool | None, S.ROUTING] = None
    """Whether it is for a time only; None: not stated."""
    day: Annotated[date, S.ROUTING]
    """The day of it."""
    critical: Annotated[tuple[str, ...], S.PLAN] = ()
    """Why it falls at a critical moment (TUR-03); empty when it does not."""
    consent_withdrawn: Annotated[bool, S.PLAN] = False
    """The family has withdrawn its consent to the plan that is handed over (ENG-04)."""


class Briefing(Word):
    """All sections, in reading order. An empty one means that nothing of it stands, or that the reader may not see it (`withheld`)."""

    day: Annotated[date, S.ROUTING]
    """The day whose state it shows."""
    arrived: Annotated[tuple[str, ...], S.ROUTING] = ()
    """What makes it necessary: `agency`, `worker`, `manager`, `link`, `handover`, `changes`, `successor`."""
    flags: Annotated[tuple[BriefedFlag, ...], S.ROUTING] = ()
    """Warnings that stand."""
    handover: Annotated[BriefedHandover | None, S.ROUTING] = None
    """How the case came to the reader; None: by no handover."""
    plans: Annotated[tuple[BriefedPlan, ...], S.ROUTING] = ()
    """Plans and statuses in force."""
    links: Annotated[tuple[BriefedLink, ...], S.ROUTING] = ()
    """The adults who are linked to the family."""
    open: Annotated[tuple[BriefedItem, ...], S.ROUTING] = ()
    """What somebody owes by a time."""
    stands: Annotated[tuple[BriefedAlert, ...], S.ROUTING] = ()
    """Alerts that stand."""
    changes: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who else arrived on the case within the policy's window (TUR-10)."""
    others: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who else is on the case, and how to reach them."""
    before: Annotated[tuple[BriefedHolder, ...], S.ROUTING] = ()
    """Who held it before in the reader's own service (TUR-08, TUR-09)."""
    past: Annotated[str, S.ROUTING] = ""
    """Where the past is to be read."""
