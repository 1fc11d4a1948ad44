"""The policy as a frozen model: who is told about which kind, how much, how fast, who is next, on what lawful basis.

It is read from versioned YAML (`default.yaml` is the one shipped) and every notice records the version and rule it was made by (INT-07).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, model_validator

from alertbus.model.alert import Severity
from alertbus.model.base import Word
from alertbus.model.case import Routing
from alertbus.model.notice import Content
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.briefing_rules import BriefingRules, FoldingRules
from alertbus.policy.escalation_rules import EscalationRules, OutOfHours, TeamChains
from alertbus.policy.human_range import AS_SHIPPED, HumanRange
from alertbus.policy.identity_rules import IdentityRules
from alertbus.policy.item_rules import ItemName, ItemRule, SchoolHoliday
from alertbus.policy.local_procedure import LocalProcedure
from alertbus.policy.plugin_rules import PluginRules
from alertbus.policy.school_days import SchoolCalendar, calendar_of, next_school_start
from alertbus.policy.within import CENTURY, Within


class Audience(StrEnum):
    """A group of agencies that a kind may be told to. Values stand in the policy file and in `explain`."""

    CASE_AGENCIES = "case_agencies"
    """Every agency working with the children."""
    CASE_HOLDER = "case_holder"
    """Children's social care only: the answer for a kind nobody has written a rule for."""
    PLAN_PARTNERS = "plan_partners"
    """Agencies with actions in the plan, such as housing."""
    ADULT_AGENCIES = "adult_agencies"
    """Agencies involved for an adult who is a subject of the alert, such as his probation officer."""
    FRONT_DOOR = "front_door"
    """The multi-agency safeguarding hub."""
    RECENTLY_ENDED = "recently_ended"
    """Agencies whose work with the children ended a short while ago (END-01)."""


class Stands(Word):
    """How long an alert goes on reaching newcomers to a case: not at all, some days, or until withdrawn (or its own review date)."""

    days: int | None = Field(default=0, ge=0, le=CENTURY)
    """None: until withdrawn."""


class KindRule(Word):
    """The rule for one kind of alert: who is told, how much, by when, and who is next."""

    title: str
    audience: frozenset[Audience]
    stands: Stands = Stands()
    meets_later_days: int = Field(default=28, ge=0, le=CENTURY)
    """For how long the alert waits for a case that names its person (DESIGN section 4, identity)."""
    roles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Agency → the roles that each owe an answer of their own; every other agency answers once, by its default role."""
    respond_within: Within
    before_school_day: frozenset[str] = frozenset()
    """The sectors whose settings owe their answer before their next school day, whatever `respond_within` says (STANDARDS section 6)."""
    low: Within | None = None
    """How soon an answer is owed to an alert of low severity, where that is another time: below this line nothing is urgent (VPF-08)."""
    chain: tuple[str, ...] = ()
    """The roles that are told in turn while nobody answers, in order; after them the duty lead."""
    next_within: Within | None = None
    """How long each of them has before the next one is told; the policy's when not given."""
    acting_for: Within | None = None
    """How long the answer of somebody who acts holds until they say what was done; None: for good (PPN-02)."""
    asks_about_strangers: bool = True
    """A person is asked to look where it is about somebody who is on no case; not of a kind that is stated of whole classes of children."""
    safety: bool = False
    """It is about somebody's safety now: it waits for no opening hour and is never folded into another (OOH-05, NOT-25)."""
    narrative: Sensitivity = Sensitivity.OBSERVATION
    """The class of the narrative of an alert of this kind."""
    tells: Sensitivity | None = None
    """The class of what `summary` itself gives away, where that is less than the narrative; the narrative's class when not given."""
    summary: str = ""
    action: str = ""
    flag: bool = False
    """An alert of this kind is itself what staff must read first while it stands."""
    infant: str = ""
    """What is said besides where a child of the case is under one on the day of a release (PRI-06)."""
    proposes: str | None = None
    """A kind. While no alert of it stands about the subject of an alert of this kind, a person is asked whether to state one (VPF-05)."""
    details: Mapping[str, Mapping[str, Sensitivity]] = Field(default_factory=dict)
    """Of a kind that a plugin offers: each section of its own, with the class of each field. What is not here is shown to nobody."""
    hide_source: bool = False
    tells_sender: bool = False
    """What the case holder answers to it is told to the agency that stated it, where that works with the children (HYP-09)."""
    cite: tuple[str, ...] = Field(min_length=1)


UNKNOWN_REASON = "unknown"
"""The code of a lapse of which nobody has said why (CLK-14)."""

CHANNEL = r"^[a-z][a-z0-9_]{0,39}$"
INBOX = "inbox"
"""The channel that is always there."""


class Agency(Word):
    """An agency that has an entry in the policy. What holds for it holds for its settings: agencies whose names extend its own."""

    sector: str
    role: str
    acts_for_adults: bool = False
    """It acts for an adult whatever a case says of it (NOT-02, NOT-18). Any other agency does where a case says so (`adult_linked`)."""
    names_children: bool = False
    """It may have a child's name though it acts for an adult, unless a restriction of the case names that adult."""
    ages: tuple[int, int] | None = None
    """The years of age at which a child may be its own, both included, for where a case does not say which children it works with."""
    duty_lead: str | None = None
    """The role that is asked last here; the policy's `escalation.duty_lead` when not given."""
    teams: TeamChains = Field(default_factory=dict)
    """The chains of those of its teams that have one of their own."""
    out_of_hours: OutOfHours | None = None
    """The desk that answers when its day teams are not there; None: there is none, and what is owed waits for no opening."""
    fallback: str | None = Field(default=None, pattern=CHANNEL)
    """The channel that gets its notices as well when its own cannot deliver; the policy's `fallback` when not given."""


Share = Mapping[Sensitivity, Content]


class Policy(Word):
    """The whole policy. `kind_rule` never fails: a kind without a rule gets the rule for unknown kinds."""

    version: str
    agencies: Mapping[str, Agency]
    front_door: str
    case_holder: str
    recently_ended_days: int = Field(ge=0)
    fallback: str = Field(default=INBOX, pattern=CHANNEL)
    undelivered_after_minutes: int = Field(default=5, ge=1)
    """A notice that has waited so long for its agency's own channel counts as undelivered, though it may never have been tried."""
    bank_holidays: frozenset[date] = frozenset()
    """Days that are no working days here although no list and no rule says so: a holiday proclaimed for one year, or a county's own."""
    lawful_basis: Mapping[str, str]
    kinds: Mapping[str, KindRule]
    unknown_kind: KindRule
    sharing: Mapping[str, Share]
    may_state: Mapping[str, frozenset[str]] = Field(default_factory=dict)
    """Kind → the sectors whose agencies may state it; a kind that is not here may be stated by any agency."""
    escalation: EscalationRules = EscalationRules()
    """Who is asked while nobody answers."""
    release_reminders: tuple[int, ...] = ()
    """How many days before a release whoever was told of it is told again (PRI-01)."""
    items: Mapping[ItemName, ItemRule] = Field(default_factory=dict)
    """What else somebody owes by a time."""
    reason_codes: Mapping[str, str] = Field(default_factory=dict)
    """Why something was not recorded in time, or why its clock was stopped: by code, in words (CLK-14, CLK-15)."""
    school_holidays: tuple[SchoolHoliday, ...] = ()
    """The long holidays in which no school sees a child, the same days every year (CLK-07)."""
    school_calendars: Mapping[str, SchoolCalendar] = Field(default_factory=dict)
    """Setting → when its children are there. A name holds for all that extend it; for one without, working days count."""
    briefings: BriefingRules = BriefingRules()
    """What is given to whoever arrives on a case."""
    folding: FoldingRules = FoldingRules()
    """When repeated alerts are on one matter."""
    identity: IdentityRules = IdentityRules()
    """When people are taken for one, and what a doubt needs."""
    moments: HumanRange = AS_SHIPPED
    """How far from today a moment or a day may lie that somebody states."""
    plugins: PluginRules = PluginRules()
    """How much is taken from a plugin, and which plugins run in a process of their own."""
    local_procedure: Mapping[str, LocalProcedure] = Field(default_factory=dict)
    """Sector, or `default` → what whoever sends a concern is shown first (CON-07)."""
    overrides: Annotated[Routing | None, Sensitivity.ROUTING] = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if faults := [*self._unknown_agencies(), *self._undecided(), *self._wrong_items(), *self._strange_procedures()]:
            raise ValueError("\n".join(faults))  # one a line: `parse_policy` counts them
        return self

    def _unknown_agencies(self) -> Iterator[str]:
        """Yield each place in the file that names an agency, or a kind, without an entry."""
        for name in (self.front_door, self.case_holder):
            if name not in self.agencies:
                yield f"agencies: `{name}` is named as front door or case holder and has no entry"
        for place, rule in ({f"kinds.{kind}": rule for kind, rule in self.kinds.items()} | {"unknown_kind": self.unknown_kind}).items():
            for name in sorted(set(rule.roles) - set(self.agencies)):
                yield f"{place}.roles: `{name}` is no entry of `agencies`"
            if rule.proposes is not None and rule.proposes not in self.kinds:
                yield f"{place}.proposes: `{rule.proposes}` is no entry of `kinds`"
        for leaving, successor in self.briefings.successors.items():
            for name in sorted({leaving, successor} - set(self.agencies)):
                yield f"briefings.successors: `{name}` is no entry of `agencies`"

    def _undecided(self) -> Iterator[str]:
        """Yield each place in the file that leaves open how much a sector sees or on what basis, or that decides what no policy may."""
        sectors = {agency.sector for agency in self.agencies.values()} | {UNKNOWN_SECTOR}
        if missing := sorted(sectors - set(self.sharing)):
            yield f"sharing: no row for sector {', '.join(missing)}"
        rows = set(Sensitivity) - ALWAYS - NEVER - {Sensitivity.IDENTITY}
        for sector, row in self.sharing.items():
            if absent := sorted(rows - set(row) - set(SHOWN_AS)):
                yield f"sharing.{sector}: says nothing of {', '.join(absent)}; write `nothing` if nothing"
            if fixed := sorted(set(row) - rows):
                yield f"sharing.{sector}: no policy decides about {', '.join(fixed)}; leave it out"
        if "default" not in self.lawful_basis:
            yield "lawful_basis: a `default` is needed"
        if strange := sorted(set(self.lawful_basis) - sectors - {"default"}):
            yield f"lawful_basis: no agency is of sector {', '.join(strange)}"

        for kind in sorted(set(self.may_state) - set(self.kinds)):
            yield f"may_state.{kind}: is no entry of `kinds`"
        named = {f"may_state.{kind}": allowed for kind, allowed in self.may_state.items()}
        named |= {f"kinds.{kind}.before_school_day": rule.before_school_day for kind, rule in self.kinds.items()}
        for place, given in named.items():
            if strange := sorted(given - sectors):
                yield f"{place}: no agency is of sector {', '.join(strange)}"

    def _wrong_items(self) -> Iterator[str]:
        """Yield each place in the file at which the rule of an item names what there is not."""
        chains = [rule.chain for rule in (*self.kinds.values(), self.unknown_kind)]
        chains += [team.chain for agency in self.agencies.values() for team in agency.teams.values()]
        named = {role for rule in (*self.kinds.values(), self.unknown_kind) for roles in rule.roles.values() for role in roles}
        named |= {agency.role for agency in self.agencies.values()} | {role for chain in chains for role in chain}
        named |= {agency.duty_lead for agency in self.agencies.values() if agency.duty_lead} | {self.escalation.duty_lead}
        for name, rule in self.items.items():
            for fault in rule.faults(frozenset(named), frozenset(self.agencies)):
                yield f"items.{name}: {fault}"
        if self.items and UNKNOWN_REASON not in self.reason_codes:
            yield f"reason_codes: `{UNKNOWN_REASON}` is needed, for a lapse of which nobody has said why"

    def _strange_procedures(self) -> Iterator[str]:
        """Yield a line where the local procedure of a sector is given that no agency is of."""
        known = {agency.sector for agency in self.agencies.values()} | {"default"}
        if strange := sorted(set(self.local_procedure) - known):
            yield f"local_procedure: no agency is of sector {', '.join(strange)}"

    def lets_state(self, source: str, kind: str) -> bool:
        """Whether the agency of this source may state alerts of that kind: a school states no release."""
        allowed = self.may_state.get(kind)
        return allowed is None or self.agency(source.partition(".")[0]).sector in allowed

    def procedure_of(self, agency: str) -> LocalProcedure | None:
        """What the agency's people do before and beside sending a concern; None where the policy says nothing."""
        return self.local_procedure.get(self.agency(agency).sector) or self.local_procedure.get("default")

    def fallback_of(self, agency: str) -> str:
        return self.agency(agency).fallback or self.fallback

    def unknown_fallbacks(self, channels: Collection[str]) -> list[str]:
        """Name each place of the file that gives a fallback which is not among the channels."""
        named = {f"agencies.{name}.fallback": agency.fallback for name, agency in self.agencies.items() if agency.fallback}
        return [f"{place}: no channel `{name}`" for place, name in {"fallback": self.fallback, **named}.items() if name not in channels]

    def kind_rule(self, kind: str) -> KindRule:
        return self.kinds.get(kind, self.unknown_kind)

    def due(self, kind: str, moment: datetime, severity: Severity | None = None) -> datetime:
        """When an answer to an alert of that kind and severity is owed, if it is told at that moment."""
        rule = self.kind_rule(kind)
        within = rule.low if rule.low is not None and severity is Severity.LOW else rule.respond_within
        return within.after(moment, self.bank_holidays)

    def due_at(self, agency: str, kind: str, moment: datetime, of_kind: datetime) -> datetime:
        """When this agency owes an answer to an alert of that kind: when the kind asks for one, or before its next school day."""
        if self.agency(agency).sector not in self.kind_rule(kind).before_school_day:
            return of_kind
        return next_school_start(moment, self.school_calendar(agency), self.bank_holidays)

    def school_calendar(self, agency: str) -> SchoolCalendar | None:
        return calendar_of(agency, self.school_calendars)

    def below_the_line(self, kind: str, severity: Severity) -> bool:
        """Whether an alert of that kind and severity is not urgent though its kind is."""
        return self.kind_rule(kind).low is not None and severity is Severity.LOW

    def audience(self, kind: str, *, conference_invite: bool = False) -> frozenset[Audience]:
        """The groups of agencies that are told of a kind. An exercise's own parameters replace the policy's, so that a scenario is judged
        by its own formula.
        """
        if (routing := self.overrides) is None:
            told = self.kind_rule(kind).audience
            return told | {Audience.RECENTLY_ENDED} if conference_invite else told
        chosen = {
            Audience.CASE_AGENCIES: True,
            Audience.PLAN_PARTNERS: kind in routing.plan_partner_kinds,
            Audience.ADULT_AGENCIES: kind in routing.adult_linked_kinds,
            Audience.FRONT_DOOR: kind in routing.mash_kinds,
            Audience.RECENTLY_ENDED: conference_invite or kind in routing.recently_ended_kinds,
        }
        return frozenset(audience for audience, told in chosen.items() if told)

    def under(self, routing: Routing | None) -> Self:
        """This policy with an exercise's own parameters."""
        if routing is None:
            return self
        return self.model_copy(update={"overrides": routing, "recently_ended_days": routing.recently_ended_days})

    def agency(self, name: str) -> Agency:
        """The entry for an agency, or for the known agency whose name it extends (`school.123456` and `school_northfield` are schools);
        else a stranger's.
        """
        return self.agencies.get(self._known_as(name), STRANGER)

    def duty_lead(self, agency: str) -> str:
        """The role that is asked last at an agency."""
        return self.agency(agency).duty_lead or self.escalation.duty_lead

    def holds_cases(self, agency: str) -> bool:
        """True for the agency that holds cases, and for its settings."""
        return self._known_as(agency) == self.case_holder

    def roles(self, kind: str, agency: str) -> tuple[str, ...]:
        return self.kind_rule(kind).roles.get(self._known_as(agency), (self.agency(agency).role,))

    def _known_as(self, name: str) -> str:
        found: str | None = self.memo.get(name)  # every notice asks
        if found is None:
            extended = (known for known in self.agencies if name == known or name.startswith((f"{known}_", f"{known}.")))
            found = self.memo[name] = max(extended, key=len, default="")
        return found

    def share(self, sector: str, sensitivity: Sensitivity) -> Content:
        if sensitivity in ALWAYS:
            return Content.FULL
        if sensitivity in NEVER:
            return Content.NOTHING
        row = self.sharing[sector if sector in self.sharing else UNKNOWN_SECTOR]
        return row[sensitivity if sensitivity in row else SHOWN_AS[sensitivity]]


UNKNOWN_SECTOR = "unknown"
STRANGER = Agency(sector=UNKNOWN_SECTOR, role="duty_officer")
"""An agency nobody has entered in the policy: told that something concerns it, and nothing else (fail closed)."""

ALWAYS = frozenset({Sensitivity.ROUTING})
NEVER = frozenset({Sensitivity.UNCLASSIFIED, Sensitivity.REFERRER})
"""Not shareable by any policy: what nobody has classified, and who the referrer is."""
SHOWN_AS = MappingProxyType({Sensitivity.CONFERENCE: Sensitivity.PLAN})
"""Classes that are newer than a policy may be → the class by whose row they go where it says nothing of them."""
