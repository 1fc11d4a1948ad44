"""Reads what a FHIR receiver answers: an OperationOutcome, or a message Bundle whose header says `response` (BaRS
and others). Public.

A receiver that has had the message before says 409: that is good news. One that is out of breath (408, 503) has not
got it yet: `FAILED`, to be tried again. What it will never take is `REFUSED`; each adapter says what that is. Nothing
the receiver wrote freely is kept, because it may quote our message.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from alertbus.model.receipt import Stage
from alertbus.plugin.forms import read_json
from alertbus.plugin.protocols import ReceiptGiven, UnreadableMessage

TRANSIENT = frozenset({"transient", "timeout", "throttled", "lock-error", "no-store", "incomplete", "exception"})
"""FHIR issue types that may pass by themselves: 408, 429, 500, 502, 503, 504."""
DUPLICATE = "duplicate"
_HARMLESS = frozenset({"information", "warning"})
# fmt: off
_ISSUE_TYPES = TRANSIENT | {
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden", "suppressed",
    "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
    "too-costly", "business-rule", "conflict", "informational",
}
"""FHIR R4's issue types."""
_HTTP_ERRORS = frozenset({
    "BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE", "TIMEOUT", "CONFLICT", "GONE",
    "PRECONDITION_FAILED", "UNSUPPORTED_MEDIA_TYPE", "UNPROCESSABLE_ENTITY", "NOT_SUPPORTED", "TOO_EARLY", "TOO_MANY_REQUESTS",
    "SERVER_ERROR", "INTERNAL_SERVER_ERROR", "NOT_IMPLEMENTED", "BAD_GATEWAY", "SERVICE_UNAVAILABLE", "UNAVAILABLE", "GATEWAY_TIMEOUT",
})
# fmt: on
"""BaRS's error codes, without the word in front that says whose they are: receiver, sender or proxy."""
_RESPONSE = {"ok": Stage.ACCEPTED, "transient-error": Stage.FAILED, "fatal-error": Stage.REFUSED}


Final = Callable[[str], bool]
"""Says of a FHIR issue type whether a message that met it is refused for good; if not, it is tried again."""


def unless_transient(code: str) -> bool:
    """Take everything for final that does not pass by itself."""
    return code not in TRANSIENT


def read_fhir_answer(raw: bytes, final: Final = unless_transient) -> ReceiptGiven:
    """Read an answer. `idempotency_key` is empty where the answer names no message, as an OperationOutcome never does: it then
    answers the request it came back on.

    Raises `UnreadableMessage` for what is no such answer.
    """
    answer = _resource(raw)
    match answer.get("resourceType"):
        case "OperationOutcome":
            stage, note = _outcome(answer, final)
            return ReceiptGiven(idempotency_key="", stage=stage, note=note)
        case "Bundle":
            return _bundle(answer, final)
    raise UnreadableMessage(("resourceType", "`Bundle` or `OperationOutcome`"))


def _bundle(bundle: Mapping[str, Any], final: Final) -> ReceiptGiven:
    found = [resource for entry in _objects(bundle.get("entry")) if isinstance(resource := entry.get("resource"), Mapping)]
    header = found[0] if found else {}
    if header.get("resourceType") != "MessageHeader":
        raise UnreadableMessage(("entry[0].resource", "a MessageHeader"))
    outcomes = [_outcome(r, final) for r in found if r.get("resourceType") == "OperationOutcome"]
    response = header.get("response")
    if not isinstance(response, Mapping):
        # One of BaRS's examples is so: it cannot be told from a request, and a request is no acceptance.
        raise UnreadableMessage(("entry[0].resource.response", "what this answers: `identifier` and `code`"))
    stated = _RESPONSE.get(str(response.get("code")))
    if stated is None:
        raise UnreadableMessage(("entry[0].resource.response.code", "`ok`, `transient-error` or `fatal-error`"))
    key = response.get("identifier")
    if not isinstance(key, str) or not key:
        raise UnreadableMessage(("entry[0].resource.response.identifier", "the id of the message that this answers"))
    stage, note = outcomes[0] if outcomes and stated is not Stage.ACCEPTED else (stated, None)
    return ReceiptGiven(idempotency_key=key.removeprefix("urn:uuid:"), stage=stage, note=note)


def _outcome(outcome: Mapping[str, Any], final: Final) -> tuple[Stage, str | None]:
    """Let the worst issue decide; the note is its codes, which are the receiver's vocabulary and hold nothing
    personal.
    """
    issues = list(_objects(outcome.get("issue")))
    if not issues:
        raise UnreadableMessage(("issue", "at least one issue"))
    if not all(isinstance(issue.get(field), str | None) for issue in issues for field in ("severity", "code")):
        raise UnreadableMessage(("issue", "`severity` and `code` as text in each issue"))
    faults = [issue for issue in issues if issue.get("severity") not in _HARMLESS and issue.get("code") != DUPLICATE]
    if not faults:
        return Stage.ACCEPTED, _codes(issues[0])
    lasting = [issue for issue in faults if final(str(issue.get("code")))]
    return (Stage.REFUSED, _codes(lasting[0])) if lasting else (Stage.FAILED, _codes(faults[0]))


def _codes(issue: Mapping[str, Any]) -> str | None:
    details = issue.get("details")
    coding = _objects(details.get("coding")) if isinstance(details, Mapping) else ()
    words = [word for word in (str(issue.get("code")), *(str(c.get("code")) for c in coding)) if _is_code(word)]
    return " ".join(words)[:200] or None


def _is_code(word: str) -> bool:
    """Say whether a word is of the vocabulary of FHIR or of BaRS: another, though it looks like a code, may be somebody's name."""
    return word in _ISSUE_TYPES or word.removeprefix("REC_").removeprefix("SEND_").removeprefix("PROXY_") in _HTTP_ERRORS


def _objects(value: object) -> Iterable[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _resource(raw: bytes) -> Mapping[str, Any]:
    expected = UnreadableMessage(("$", "a FHIR R4 resource as one JSON object in UTF-8, with each name of an object once"))
    try:
        value = read_json(raw)
    except UnreadableMessage:
        raise expected from None
    if not isinstance(value, dict):
        raise expected
    return value
