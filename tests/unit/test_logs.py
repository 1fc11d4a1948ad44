"""The log gate, with a canary family: nothing that could tell of them is in any line, whatever the way it came."""

import asyncio
import io
import json
import logging
import sys
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from alertbus import logs
from alertbus.model.errors import Fault, InvalidInput, PluginFault

CANARY = {"name": "Zephyrine-Quillfeather", "born": "2019-02-29", "nhs": "9434765919"}
log = structlog.get_logger("alertbus.test")


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Set up as production does, give the lines written, and put everything back."""
    root, out = logging.getLogger(), io.StringIO()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    logs.configure("json", "INFO", "test", stream=out)
    structlog.configure(cache_logger_on_first_use=False)
    with warnings.catch_warnings():
        yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    root.handlers[:], level, sys.excepthook, threading.excepthook, sys.unraisablehook = before
    root.setLevel(level)
    structlog.reset_defaults()
    leaks = [value for value in CANARY.values() if value in out.getvalue()]
    assert leaks == [], "every test here is a leak test"


Lines = Callable[[], list[dict[str, Any]]]


def only(lines: Lines) -> dict[str, Any]:
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    return line


def test_good_line_is_whole_and_nothing_but_what_was_said(lines: Lines) -> None:
    log.info("notice sent", alert_id="police/A-17", agency="health_visiting", attempt=2, duration_ms=8.5, offset=None)

    assert only(lines) == {
        "event": "notice sent",
        "level": "info",
        "logger": "alertbus.test",
        "part": "test",
        "alert_id": "police/A-17",
        "agency": "health_visiting",
        "attempt": 2,
        "duration_ms": 8.5,
        "offset": None,
    }


def test_ids_enums_and_lists_of_them_are_written_as_words(lines: Lines) -> None:
    one = uuid.UUID(int=7)

    log.info("assigned", case_id=one, partitions=[0, 3], agency=("gp", "school"))

    line = only(lines)
    assert (line["case_id"], line["partitions"], line["agency"]) == (str(one), [0, 3], ["gp", "school"])


def test_field_that_is_not_listed_is_named_and_its_value_dropped(lines: Lines) -> None:
    log.info("matched", name=CANARY["name"], date_of_birth=CANARY["born"], nhs_number=CANARY["nhs"], count=1)

    assert only(lines) == {
        "event": "matched",
        "level": "info",
        "logger": "alertbus.test",
        "part": "test",
        "count": 1,
        "refused_fields": ["date_of_birth", "name", "nhs_number"],
    }


def test_value_used_as_a_field_name_is_not_named(lines: Lines) -> None:
    log.info("matched", **{CANARY["name"]: 1, CANARY["nhs"]: 2})

    assert only(lines)["refused_fields"] == ["<refused>", "<refused>"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f"{CANARY['name']} was seen", id="prose"),
        pytest.param(f"{CANARY['name']}\n", id="line break"),
        pytest.param(f"{CANARY['name']}\t", id="tab"),
        pytest.param(CANARY["name"] * 20, id="over 200 characters"),
        pytest.param(f"{CANARY['name']}@example.org", id="e-mail address"),
        pytest.param(f"/search?name={CANARY['name']}", id="query string"),
        pytest.param({"name": CANARY["name"]}, id="mapping"),
        pytest.param(CANARY["name"].encode(), id="bytes"),
        pytest.param(InvalidInput([Fault(CANARY["name"], "")]), id="object"),
    ],
)
def test_value_with_room_for_prose_is_refused_even_in_a_listed_field(lines: Lines, value: object) -> None:
    log.info("stopped", reason=value, case_id=[value, "C-1"])

    line = only(lines)
    assert (line["reason"], line["case_id"]) == ("<refused>", ["<refused>", "C-1"])


def test_event_put_together_at_run_time_is_refused_and_placed(lines: Lines) -> None:
    log.info(f"matched {CANARY['name']}")  # noqa: G004  the mistake under test
    log.info(CANARY["name"])

    assert [(line["event"], line["at"].split(":")[0]) for line in lines()] == [("<refused>", "unit/test_logs.py")] * 2


def test_event_is_never_formatted_with_arguments(lines: Lines) -> None:
    log.info("matched %s", CANARY["name"])

    line = only(lines)
    assert (line["event"], line["refused_fields"]) == ("matched %s", ["positional_args"])


def test_bound_and_context_fields_pass_the_same_gate(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1", caller=CANARY["name"]):
        log.bind(surname=CANARY["name"]).info("asked")

    line = only(lines)
    assert (line["request_id"], line["refused_fields"]) == ("r-1", ["caller", "surname"])


def test_exception_of_a_library_keeps_its_class_and_place_and_loses_its_text(lines: Lines) -> None:
    class Person(BaseModel):
        born: int

    try:
        Person.model_validate({"born": CANARY["name"]})
    except ValueError:
        log.exception("could not read", topic="alertbus.alerts", offset=9)

    line = only(lines)
    traceback = line.pop("traceback")
    assert line == {
        "event": "could not read",
        "level": "error",
        "logger": "alertbus.test",
        "part": "test",
        "topic": "alertbus.alerts",
        "offset": 9,
        "error": "pydantic_core._pydantic_core.ValidationError",
    }
    assert traceback[0].startswith("unit/test_logs.py:")
    assert traceback[-1].endswith(" BaseModel.model_validate")


def test_exception_of_ours_tells_its_code_and_words_and_only_the_class_of_its_cause(lines: Lines) -> None:
    def insert() -> None:
        raise IntegrityError(f"INSERT {CANARY['name']}", {"nhs": CANARY["nhs"]}, ValueError(CANARY["born"]))

    def fail() -> None:
        try:
            insert()
        except IntegrityError as cause:
            raise PluginFault("plugin 'police': render gave no body. Return a Message") from cause

    try:
        fail()
    except PluginFault as fault:
        log.warning("render failed", plugin="police", exc_info=fault)

    line = only(lines)
    assert line["error"] == "alertbus.model.errors.PluginFault"
    assert line["code"] == "plugin_fault"
    assert line["error_text"] == "plugin 'police': render gave no body. Return a Message"
    (cause,) = line["caused_by"]
    assert cause.startswith("sqlalchemy.exc.IntegrityError unit/test_logs.py:")


def test_exception_group_tells_the_classes_within(lines: Lines) -> None:
    log.error("tasks failed", exc_info=ExceptionGroup(CANARY["name"], [KeyError(CANARY["nhs"]), OSError(CANARY["born"])]))

    line = only(lines)
    assert (line["error"], line["caused_by"]) == ("ExceptionGroup", ["KeyError", "OSError"])


def test_library_keeps_its_format_string_and_loses_its_arguments(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid request from %s: %r", CANARY["name"], CANARY)

    assert only(lines) == {
        "event": "Invalid request from %s: %r",
        "level": "warning",
        "logger": "uvicorn.error",
        "part": "test",
    }


def test_library_that_formats_before_it_logs_is_told_by_place_alone(lines: Lines) -> None:
    logging.getLogger("faust.agents").error(f"Crashed for {CANARY['name']}", exc_info=ValueError(CANARY["nhs"]))  # noqa: G004

    line = only(lines)
    assert (line["event"], line["error"]) == ("<refused>", "ValueError")
    assert line["at"].startswith("unit/test_logs.py:")


def test_label_that_mode_puts_before_its_words_is_dropped(lines: Lines) -> None:
    from mode.utils.logging import CompositeLogger

    service = CompositeLogger(logging.getLogger("faust.app"), formatter=lambda _severity, message, *_a, **_k: f"[^--Agent: x]: {message}")
    service.error("Crashed reason=%r", ValueError(CANARY["name"]))

    assert only(lines)["event"] == "Crashed reason=%r"


def test_quiet_libraries_speak_from_warning_on(lines: Lines) -> None:
    for name in ("aiokafka.producer", "faust.app", "mode", "asyncio", "sqlalchemy.engine", "httpx", "uvicorn.access"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")

    assert [line["event"] for line in lines()] == ["trouble"] * 7


def test_handlers_and_levels_a_library_set_for_itself_are_taken_back(lines: Lines) -> None:
    own, out = logging.getLogger("aiokafka.consumer.group"), io.StringIO()
    own.addHandler(logging.StreamHandler(out))
    own.setLevel(logging.DEBUG)
    own.propagate = False

    logs.configure("json", "INFO", "test", stream=out)
    own.info("chatter")
    own.warning("trouble with %s", CANARY["name"])

    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["trouble with %s"]


async def test_asyncio_telling_of_a_task_nobody_awaited_does_not_quote_it(lines: Lines) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError(CANARY["name"]), "extra": CANARY}
    )

    line = only(lines)
    assert (line["event"], line["error"], line["logger"]) == ("<refused>", "ValueError", "asyncio")


def test_line_that_cannot_be_formatted_is_not_printed_by_python(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger().handlers[0].formatter, "format", lambda _record: 1 / 0)

    logging.getLogger("uvicorn.error").warning("Invalid request from %s", CANARY["name"])

    assert lines() == [{"event": "a log line could not be written", "at": "unit/test_logs.py"}]
    assert capsys.readouterr() == ("", "")


def test_what_python_itself_would_print_goes_through_the_gate(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    fault = ValueError(CANARY["name"])

    sys.excepthook(ValueError, fault, None)
    warnings.showwarning(CANARY["name"], UserWarning, "/srv/app/pydantic/main.py", 7)
    thread = threading.Thread(target=lambda: int(CANARY["name"]))
    thread.start()
    thread.join()

    assert [(line["event"], line.get("error"), line.get("path")) for line in lines()] == [
        ("ended by an exception that nothing caught", "ValueError", None),
        ("a library warned", None, "pydantic/main.py:7"),
        ("a thread ended by an exception", "ValueError", None),
    ]
    assert capsys.readouterr() == ("", "")


def test_below_the_level_nothing_is_written(lines: Lines) -> None:
    log.debug("detail")

    assert lines() == []


def test_console_is_for_people_and_has_the_same_gate() -> None:
    root, out = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure("console", "info", "gateway", stream=out)
        structlog.get_logger("alertbus.console").error("refused", name=CANARY["name"], exc_info=ValueError(CANARY["nhs"]))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()

    assert "refused" in out.getvalue()
    assert "error=ValueError" in out.getvalue()
    assert [value for value in CANARY.values() if value in out.getvalue()] == []


def test_auto_is_json_where_no_terminal_is(lines: Lines) -> None:
    out = io.StringIO()
    logs.configure("auto", "INFO", "test", stream=out)

    log.info("started", port=8080)

    assert json.loads(out.getvalue())["port"] == 8080


@pytest.mark.parametrize("name", ["name", "given", "family", "born", "address", "narrative", "value", "note", "text", "by"])
def test_no_personal_field_is_listed(name: str) -> None:
    assert name not in logs.FIELDS
