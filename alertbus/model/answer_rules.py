"""What must be said for an answer to count, whoever carries it: a person at the desk, a caller, an agency's system. Pure."""

from collections.abc import Iterator

from alertbus.model.errors import Fault
from alertbus.model.receipt import Intent

_SHORTEST = 2
"""Characters of a name, as the audit record has it, and of what was done."""


def faults_of_name(name: str) -> Iterator[Fault]:
    """What is wrong with the name of whoever answers."""
    if not _names_somebody(name):
        yield Fault("by", "the name of the person who acknowledges, on one line", "missing")


def faults_of_role(role: str | None) -> Iterator[Fault]:
    """What is wrong with the role in which somebody answers."""
    if role is not None and not role.isprintable():
        yield Fault("role", "a role, on one line", "control_character")


def faults_of_intent(intent: Intent | None, note: str | None, by: str, to: str | None) -> Iterator[Fault]:
    """What an acknowledgement leaves unsaid: why it is not theirs, to whom it goes; or says of somebody to whom it does not go."""
    if intent == Intent.NOT_OURS and not (note or "").strip():
        yield Fault("note", "the reason why it is not yours", "missing")
    if intent != Intent.PASSING_ON and to is not None:
        yield Fault("to", "nothing: a person is named here where the intent is `passing_on`, and only then", "not_passed_on")
    if intent != Intent.PASSING_ON:
        return
    name = (to or "").strip()
    if not _names_somebody(name):
        yield Fault("to", "the name of the person to whom it is passed on, on one line: a team or a role does not answer", "missing")
    elif name.casefold() == by.strip().casefold():
        yield Fault("to", "somebody else's name; who keeps it answers `acting`", "same_person")


def faults_of_deed(what: str, path: str) -> Iterator[Fault]:
    """What is wrong with the words for what was done, which stand at `path`."""
    if len(what.strip()) < _SHORTEST:
        yield Fault(path, "what was done, in a few words", "missing")


def _names_somebody(name: str) -> bool:
    name = name.strip()
    return len(name) >= _SHORTEST and name.isprintable()
