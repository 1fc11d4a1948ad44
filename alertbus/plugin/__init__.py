"""All that an agency plugin may import. The contract is DESIGN section 10, version 1; a plugin depends on nothing else of ours.

    from alertbus.plugin import Alert, Ignored, Message, Notice, Receipt, hookimpl

Hooks only register; the bus calls each adapter and source itself, with its own error boundary, so that one broken plugin cannot stop
another. The words a notice or an alert is made of are re-exported, so that a plugin never reaches into our rooms.
"""

from alertbus.model.alert import (
    Action,
    Alert,
    Details,
    Flag,
    Incident,
    Narrative,
    Referrer,
    Release,
    SaidBy,
    Severity,
)
from alertbus.model.base import Word
from alertbus.model.identifiers import Identifier, IdentifierSystem, InvalidIdentifier, canonical
from alertbus.model.notice import (
    Cause,
    Deed,
    Excerpt,
    Intent,
    Message,
    Notice,
    NoticePerson,
    Obligation,
    Receipt,
    Stage,
)
from alertbus.model.person import Address, Name, Person, Subject
from alertbus.plugin.protocols import Adapter, Headers, Ignored, ReceiptGiven, Source, UnreadableMessage

from alertbus.plugin.hookspecs import CONTRACT, hookimpl  # isort: skip

__all__ = [
    "CONTRACT",
    "Action",
    "Adapter",
    "Address",
    "Alert",
    "Cause",
    "Deed",
    "Details",
    "Excerpt",
    "Flag",
    "Headers",
    "Identifier",
    "IdentifierSystem",
    "Ignored",
    "Incident",
    "Intent",
    "InvalidIdentifier",
    "Message",
    "Name",
    "Narrative",
    "Notice",
    "NoticePerson",
    "Obligation",
    "Person",
    "Receipt",
    "ReceiptGiven",
    "Referrer",
    "Release",
    "SaidBy",
    "Severity",
    "Source",
    "Stage",
    "Subject",
    "UnreadableMessage",
    "Word",
    "canonical",
    "hookimpl",
]
