"""Logging that cannot tell a family's story: what may be written is listed, and everything else is refused at the door.

Every line, ours or a library's, passes one gate: an event that stands as a constant in the code, and fields by name
from `FIELDS` whose values are single opaque words. Exceptions keep their class and place; their text only if it is a
BusError's, because pydantic, SQL and JSON errors quote what they were given. A refusal shows in the line itself.
"""

import logging
import re
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from enum import Enum
from pathlib import PurePath
from traceback import walk_tb
from typing import Any, Literal, TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor

from alertbus.model.errors import BusError, told_class
from alertbus.unheard import Hushed

REFUSED = "<refused>"

FIELDS: frozenset[str] = frozenset(
    # the line itself
    "event level timestamp logger part at error code error_text caused_by traceback refused_fields "  # noqa: SIM905  a list would be eighty lines
    # whereabouts in Kafka
    "topic partition partitions offset expected_offset group member generation lag "
    # opaque ids
    "alert_id case_id obligation_id notice_id message_id receipt_id person_id batch_id request_id trace_id "
    # who, as an organisation or a job, never as a person
    "agency role sector worker workers pid "
    # what
    "kind action plugin hook channel format pattern clock rule setting table "
    # how it went
    "attempt attempts state status outcome reason signal exit_code retry_in_s timeout_s duration_ms longest_ms age_s "
    # how much
    "count total pending depth size_bytes speed "
    # where
    "path port url_host method route version".split()
)
"""The names a log line may carry. A new one is a decision about personal data: review it as one."""


def configure(log_format: Literal["auto", "json", "console"], level: str, part: str, *, stream: TextIO | None = None) -> None:
    """Route every logger of the process through the gate, to `stream` (stderr). `part` names the process in each line.

    "auto" is for people on a terminal and JSON lines anywhere else. Call it again after a library has set up logging of
    its own (Faust's worker does): it takes every handler away from other loggers and quietens the talkative ones.
    """
    out = stream or sys.stderr
    console = log_format == "console" or (log_format == "auto" and out.isatty())
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=out.isatty()) if console else structlog.processors.JSONRenderer()
    handler = _Handler(out)
    handler.addFilter(Hushed())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            use_get_message=False,  # a library's arguments are values; its format string is not
            processors=[
                _constant_event,
                refuse_personal_fields,
                _about_the_line(part),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    _route_everything_to(handler, level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,  # unlike the filtering one, it does not format arguments in
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _catch_what_python_prints()


def refuse_personal_fields(_logger: object, _method: str, event_dict: EventDict) -> EventDict:
    """Drop each field that is not in `FIELDS`, naming it in `refused_fields`; blank all but single opaque words.

    The names in `refused_fields` are blanked in the same way: `**payload` has made values into names before now.
    """
    kept: EventDict = {}
    refused = []
    for name, value in event_dict.items():
        if name in _MACHINERY or name == "event":
            kept[name] = value
        elif name in FIELDS:
            kept[name] = _opaque(value)
        else:
            refused.append(name if re.fullmatch(r"[a-z][a-z_]{0,39}", name) else REFUSED)
    if refused:
        kept["refused_fields"] = sorted(refused)
    return kept


_MACHINERY = frozenset({"_record", "_from_structlog", "exc_info"})
_QUIET = ("aiokafka", "faust", "mode", "asyncio", "sqlalchemy", "alembic", "httpx", "httpcore", "uvicorn.access")
_WORD = re.compile(r"[A-Za-z0-9_.:/+\-#*=,<>\[\]%~]{0,200}")


def _opaque(value: object) -> object:
    """Pass a number, or a string with no room for prose in it: no spaces, no line breaks, at most 200 characters."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return _opaque(value.value)
    if isinstance(value, str | UUID | PurePath):
        return str(value) if _WORD.fullmatch(str(value)) else REFUSED
    if isinstance(value, list | tuple | set | frozenset):
        return [_opaque(item) if not isinstance(item, list | tuple | set | frozenset) else REFUSED for item in value]
    return REFUSED


def _constant_event(_logger: object, _method: str, event_dict: EventDict) -> EventDict:
    """Refuse an event that was put together at run time: the caller's code must hold it as it stands."""
    record: logging.LogRecord = event_dict["_record"]
    event = event_dict.get("event")
    # mode, and so Faust, puts the service's label before the words.
    text = re.sub(r"^\[[^\]\n]{0,100}\]:? ", "", event) if isinstance(event, str) else REFUSED
    if any(text in strings for strings in _constants_of_callers()):
        event_dict["event"] = text.strip()
    else:
        event_dict["event"] = REFUSED
        event_dict["at"] = f"{_short(record.pathname)}:{record.lineno}"
    event_dict.pop("stack_info", None)
    return event_dict


def _constants_of_callers() -> Iterator[list[str]]:
    """Give the strings in the code that asked for the line: four frames outside the logging libraries, for wrappers."""
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001  the same way logging finds its caller
    left, outside = 4, False
    while frame is not None and left:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in {"logging", "structlog"}:
            outside = True  # the frames before were ours, at work on the line
        elif outside:
            left -= 1
            # Only strings are compared: a global may be something, such as a column, that has no plain equality.
            yield [c for c in (*frame.f_code.co_consts, *frame.f_globals.values()) if isinstance(c, str)]
        frame = frame.f_back


def _about_the_line(part: str) -> Processor:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)

    def add(logger: Any, method: str, event_dict: EventDict) -> EventDict:
        record: logging.LogRecord = event_dict["_record"]
        event_dict.update(level=record.levelname.lower(), logger=record.name, part=part)
        fault = _exception(event_dict.pop("exc_info", None))
        if fault is not None:
            event_dict.update(_described(fault))
        return stamp(logger, method, event_dict)

    return add


def _exception(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 and isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None


def _described(fault: BaseException) -> dict[str, object]:
    told: dict[str, object] = {"error": _class(fault), "traceback": _places(fault)[-20:]}
    if isinstance(fault, BusError):
        told |= {"code": fault.code, "error_text": str(fault)}
    causes = [f"{_class(cause)} {''.join(_places(cause)[-1:])}".strip() for cause in _causes(fault)]
    return told | ({"caused_by": causes} if causes else {})


def _causes(fault: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting = [fault]
    while waiting and len(found) < 10:  # noqa: PLR2004  enough to see why, whatever the chain
        one = waiting.pop(0)
        inner = list(one.exceptions) if isinstance(one, BaseExceptionGroup) else []
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        fresh = [e for e in [*inner, cause] if e is not None and e is not fault and e not in found]
        found += fresh
        waiting += fresh
    return found


def _class(fault: BaseException) -> str:
    return told_class(type(fault))


def _places(fault: BaseException) -> list[str]:
    return [f"{_short(frame.f_code.co_filename)}:{line} {frame.f_code.co_qualname}" for frame, line in walk_tb(fault.__traceback__)]


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])  # where it is installed is nobody's business


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        # The standard one prints the record with its arguments.
        self.stream.write(f'{{"event": "a log line could not be written", "at": "{_short(record.pathname)}"}}\n')


def _route_everything_to(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True
            if logger.name.startswith(_QUIET):
                logger.setLevel(logging.NOTSET)  # the parent's level holds
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _catch_what_python_prints() -> None:
    """Keep Python itself from printing: uncaught exceptions and warnings quote values, as pydantic's serialiser."""
    log = structlog.stdlib.get_logger("alertbus.python")

    def uncaught(kind: type[BaseException], fault: BaseException, trace: types.TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, fault, trace)
        else:
            log.critical("ended by an exception that nothing caught", exc_info=fault)

    def warned(_text: object, category: type[Warning], filename: str, lineno: int, *_: object, **__: object) -> None:
        log.warning("a library warned", kind=told_class(category), path=f"{_short(filename)}:{lineno}")

    sys.excepthook = uncaught
    threading.excepthook = lambda args: log.error("a thread ended by an exception", exc_info=args.exc_value)
    sys.unraisablehook = lambda args: log.error("an exception could not be raised", exc_info=args.exc_value)
    warnings.showwarning = warned  # type: ignore[assignment]  # called by position
