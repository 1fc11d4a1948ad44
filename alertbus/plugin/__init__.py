"""All that a plugin may import, with modules `briefed`, `fhir`, `fhir_answers`, `fhir_reading`, `fhir_told`, `forms`, `notify_account`,
`own_settings`, `schema`, `sections`, `testing`, `wording`, `writing`. Contract version 1.

    from alertbus.plugin import Alert, Ignored, Message, Notice, Receipt, hookimpl

Hooks only register; the bus calls each adapter and source itself, behind its own error boundary, so that one broken plugin cannot stop
another. The models of notices and alerts are exported here, so that a plugin never imports another room of the bus.
"""

from alertbus.model.alert import Action, Alert, Narrative, Referrer, SaidBy, Severity
from alertbus.model.base import Moment, Word, plus
from alertbus.model.case import in_uk
from alertbus.model.details import (
    AgreedAction,
    Conference,
    Consent,
    Contact,
    Denial,
    Details,
    Flag,
    Handover,
    Instruction,
    Meeting,
    OpenQuestion,
    Release,
    Request,
    SchoolChange,
    StatusChange,
)
from alertbus.model.identifiers import Identifier, IdentifierSystem, InvalidIdentifier, canonical
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit
from alertbus.model.incident import Incident
from alertbus.model.notice import Cause, Deed, Excerpt, Message, Notice, NoticePerson, Obligation
from alertbus.model.person import Address, Name, Person, Subject
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity
from alertbus.plugin.case_rules import AlertKind, CaseItem, CasePattern, DetailsSection
from alertbus.plugin.protocols import Adapter, Headers, Ignored, ReceiptGiven, Source, Stated, UnreadableMessage
from alertbus.plugin.transports import (
    Arrived,
    GivenUp,
    Hindrance,
    Letter,
    NotTaken,
    OpenTransport,
    SendOutcome,
    Taken,
    Transport,
    TransportSettings,
    TryAgain,
)

from alertbus.plugin.hookspecs import CONTRACT, hookimpl  # isort: skip

__all__ = [
    "CONTRACT",
    "Action",
    "Adapter",
    "Address",
    "AgreedAction",
    "Alert",
    "AlertKind",
    "Arrived",
    "CaseItem",
    "CasePattern",
    "Cause",
    "Conference",
    "Consent",
    "Contact",
    "Deed",
    "Denial",
    "Details",
    "DetailsSection",
    "Excerpt",
    "Flag",
    "GivenUp",
    "Handover",
    "Headers",
    "Hindrance",
    "Identifier",
    "IdentifierSystem",
    "Ignored",
    "Incident",
    "Instruction",
    "Intent",
    "InvalidIdentifier",
    "Letter",
    "Meeting",
    "Message",
    "Moment",
    "Name",
    "Narrative",
    "NotTaken",
    "Notice",
    "NoticePerson",
    "Obligation",
    "OpenQuestion",
    "OpenTransport",
    "Person",
    "PersonMerged",
    "PersonPointer",
    "PersonSplit",
    "Receipt",
    "ReceiptGiven",
    "Referrer",
    "Release",
    "Request",
    "SaidBy",
    "SchoolChange",
    "SendOutcome",
    "Sensitivity",
    "Severity",
    "Source",
    "Stage",
    "Stated",
    "StatusChange",
    "Subject",
    "Taken",
    "Transport",
    "TransportSettings",
    "TryAgain",
    "UnreadableMessage",
    "Word",
    "canonical",
    "hookimpl",
    "in_uk",
    "plus",
]
