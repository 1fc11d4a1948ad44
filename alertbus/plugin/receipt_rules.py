"""Whether the bus takes what an adapter read in a receipt: one rule for the gateway and for whoever tries a plugin. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from alertbus.model.answer_rules import faults_of_deed, faults_of_intent, faults_of_name, faults_of_role
from alertbus.model.errors import Fault
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.plugin.protocols import ReceiptGiven

SAID_BY_SYSTEMS = (Stage.ACCEPTED, Stage.SEEN, Stage.ACKNOWLEDGED, Stage.ACTED, Stage.REFUSED, Stage.FAILED)
"""The stages that a receipt of an agency's system may give. The bus itself says the others."""

NAMES_ITS_MESSAGE = frozenset({Stage.SEEN, Stage.ACKNOWLEDGED, Stage.ACTED})
"""Stages that count only with the key of the message: as the answer to the request itself, a system says no more than whether it has it."""

NO_SUCH_KEY = "no message under that idempotency key; quote the one it came with"
"""What the bus answers to a key that none of its messages has."""


def _most(field: str) -> int:
    bounds = (getattr(one, "max_length", None) for one in Receipt.model_fields[field].metadata)
    return next(bound for bound in bounds if isinstance(bound, int))


LONGEST: Mapping[str, int] = MappingProxyType({field: _most(field) for field in ("by", "role", "note", "to")})
"""Characters that each text of a receipt may have."""


def faults_of_receipt(given: ReceiptGiven) -> list[Fault]:
    """Every fault for which the gateway refuses what was read (422): its path is the field of `ReceiptGiven`. None of them repeats a value.

    Whether its key is that of a message, and whether the caller may answer by that name, only a running bus can say.
    """
    odd = list(_of_another_type(given))
    if odd:
        return odd
    faults = list(_of_its_stage(given))
    for field, most in LONGEST.items():
        if len(getattr(given, field) or "") > most:
            faults.append(Fault(field, f"at most {most} characters", "too_long"))
    return [*faults, *faults_of_role(given.role)]


def in_words(faults: Sequence[Fault]) -> str:
    """The faults in one line, as the gateway's log and answer have them."""
    return "; ".join(f"{one.path}: {one.expected}" for one in faults)


def _of_another_type(given: ReceiptGiven) -> Iterator[Fault]:
    if not isinstance(given.idempotency_key, str):
        yield Fault("idempotency_key", "text: the key of the message, or empty where the receipt names none", "not_text")
    if not isinstance(given.stage, str) or given.stage not in SAID_BY_SYSTEMS:
        yield Fault("stage", f"one of {', '.join(f'`{one}`' for one in SAID_BY_SYSTEMS)}: the others the bus itself says", "not_a_stage")
    if given.intent is not None and given.intent not in tuple(Intent):
        yield Fault("intent", f"one of {', '.join(f'`{one}`' for one in Intent)}, or None", "not_an_intent")
    for field in ("by", "role", "note", "to"):
        if not _is_text(getattr(given, field)):
            yield Fault(field, "text, or None", "not_text")


def _is_text(value: object) -> bool:
    """Whether it is None or can be written as UTF-8: half of a surrogate pair, as JSON may hold it, cannot."""
    if not isinstance(value, str):
        return value is None
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_its_stage(given: ReceiptGiven) -> Iterator[Fault]:
    by, note = given.by or "", given.note
    if given.by is not None or given.stage in _BY_SOMEBODY:
        yield from faults_of_name(by)
    if given.stage == Stage.ACKNOWLEDGED:
        if given.intent is None:
            yield Fault("intent", f"what they will do: {', '.join(f'`{one}`' for one in Intent)}", "missing")
        yield from faults_of_intent(given.intent, note, by, given.to)
    elif given.intent == Intent.NOT_OURS and not note:
        yield Fault("note", "the reason why it is not yours", "missing")
    if given.stage == Stage.ACTED:
        yield from faults_of_deed(note or "", "note")


_BY_SOMEBODY = frozenset({Stage.ACKNOWLEDGED, Stage.ACTED})
