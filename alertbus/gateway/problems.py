"""Every error as RFC 9457 problem+json: a stable `type` and `code`, a status, what to do, and each fault with its path.

Nothing that the caller sent is repeated. An error that was not foreseen is a 500 with an opaque incident id, under which
the log holds the class and place of the error, never its text.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from alertbus.broker.faults import BrokerFault
from alertbus.gateway.logins import TooManyRefused
from alertbus.intake.acknowledgements import TooLateToUndo
from alertbus.intake.decisions import AlreadyDecided
from alertbus.intake.messages import NotRead
from alertbus.intake.source_calls import SourceAway
from alertbus.model.errors import (
    BrokerUnavailable,
    BusError,
    DatabaseUnavailable,
    Fault,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotUnderstood,
    PluginFault,
    PoisonRecord,
    PolicyFault,
    SettingsFault,
    StateUnreadable,
    TooLarge,
    TooMany,
    Unavailable,
    VersionConflict,
    WhoAreYou,
)
from alertbus.model.validation import faults_in

log = structlog.get_logger("alertbus.gateway")


class WrongMediaType(BusError):
    """A body in a format that this call does not read."""

    code = "wrong_media_type"


class TooSlow(BusError):
    """A body that came so slowly that its caller held a connection and nothing else."""

    code = "too_slow"


class NotReady(Unavailable):
    """This process cannot do its work now: its broker or its database does not answer."""

    code = "not_ready"


MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""Seconds. Chosen: long enough for a broker to elect a leader, short enough that a caller does not notice."""

LATER_S = 600
"""Seconds. Chosen: an hour's allowance has room again bit by bit."""

STATUSES: Mapping[type[BusError], tuple[int, str]] = {
    BusError: (500, "The bus could not do this"),
    InvalidInput: (422, "Something in the input is not right"),
    NotUnderstood: (422, "The message could not be read"),
    NotFound: (404, "There is no such thing, or it is not yours to see"),
    VersionConflict: (412, "Somebody has changed it since you read it"),
    PolicyFault: (500, "The policy is not right"),
    PluginFault: (500, "An agency plugin broke"),
    SettingsFault: (500, "A setting is not right"),
    PoisonRecord: (500, "A record could not be decided"),
    StateUnreadable: (500, "A state could not be read"),
    Unavailable: (503, "Something the bus depends on does not answer"),
    BrokerUnavailable: (503, "The broker does not answer"),
    DatabaseUnavailable: (503, "The database does not answer"),
    AlreadyDecided: (409, "Somebody has decided this otherwise"),
    TooLateToUndo: (409, "That can no longer be taken back"),
    TooSlow: (408, "That came too slowly"),
    TooLarge: (413, "That is too large"),
    TooMany: (429, "That is more than is kept"),
    NotAllowed: (403, "You may not do this"),
    WhoAreYou: (401, "Say who you are"),
    TooManyRefused: (429, "Too many calls without a known token"),
    WrongMediaType: (415, "This call does not read that format"),
    NotReady: (503, "This process cannot do its work now"),
    SourceAway: (503, "The plugin that reads this is out of order"),
}
"""Status and title of each class; a class that is not here has those of the nearest one above it."""


class FaultShown(BaseModel):
    """One thing wrong, where, and what was expected there. Never the value found."""

    path: str = Field(description="where, as in subjects[0].person.born; empty, or `$` of a raw message, for the whole")
    expected: str = Field(description="what should stand there")
    code: str = Field(description="stable name of the fault")


class Problem(BaseModel):
    """RFC 9457. `type` and `code` are stable; `detail` is for a person."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    faults: list[FaultShown] | None = None
    incident: str | None = Field(None, description="for a 500: quote it, the log has it")
    ref: str | None = Field(None, description="under what a message that was not understood is kept for review")


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    faults: Sequence[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
    incident: str | None = None,
    ref: str | None = None,
) -> JSONResponse:
    body: dict[str, Any] = {
        "type": f"urn:alertbus:problem:{code}",
        "code": code,
        "title": title,
        "status": status,
        "detail": detail,
    }
    body |= {name: value for name, value in (("incident", incident), ("ref", ref)) if value}
    if faults is not None:
        body["faults"] = [{"path": f.path, "expected": f.expected, "code": f.code} for f in faults]
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def of_error(error: Exception) -> JSONResponse:
    """What a call is answered that ended in this error."""
    if isinstance(error, BrokerFault):
        return of_bus_error(BrokerUnavailable(str(error)))
    return of_bus_error(error) if isinstance(error, BusError) else of_defect(error)


def of_bus_error(error: BusError) -> JSONResponse:
    status, title = status_of(type(error))
    if isinstance(error, InvalidInput | NotRead):
        detail = f"{len(error.faults)} fault(s), each in `faults`. Nothing was accepted; mend them and send it again."
        return problem(status, error.code, title, detail, faults=error.faults, ref=getattr(error, "ref", None))
    headers = {"Connection": "close"} if isinstance(error, TooSlow) else {}
    if error.retriable:
        headers["Retry-After"] = str(getattr(error, "retry_after_s", RETRY_AFTER_S))
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(LATER_S)
    if isinstance(error, TooManyRefused):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, WhoAreYou):
        headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return of_defect(error, code=error.code, title=title)
    return problem(status, error.code, title, str(error), headers=headers)


def of_defect(error: Exception, *, code: str = "internal", title: str = "The bus made a mistake") -> JSONResponse:
    incident = str(uuid4())
    log.error("a call failed", request_id=incident, error=type(error).__name__, exc_info=error)
    detail = f"Nothing was accepted unless an earlier answer says so. Quote incident {incident} to who runs the bus."
    return problem(500, code, title, detail, incident=incident)


def status_of(kind: type[BusError]) -> tuple[int, str]:
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def install(app: FastAPI) -> None:
    """Let every error leave as a problem."""

    async def foreseen(_: Request, error: Exception) -> JSONResponse:
        return of_error(error)

    async def wrong_parameters(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return of_bus_error(InvalidInput(faults_in(error.errors())))

    async def http_error(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_")
        return problem(error.status_code, code, phrase, "See /openapi.json for what there is.", headers=error.headers)

    app.add_exception_handler(BusError, foreseen)
    app.add_exception_handler(BrokerFault, foreseen)
    app.add_exception_handler(RequestValidationError, wrong_parameters)
    app.add_exception_handler(HTTPException, http_error)
