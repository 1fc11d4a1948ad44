"""Police, both ways: the POLE headings; the dictionary behind them is not public, so the schemas are ours."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from alertbus_police import PoliceAdapter, PoliceReports, report_schema
from alertbus_police.schema import ppn_schema
from jsonschema import Draft202012Validator

from alertbus.model.gaps import ASKED, unsaid
from alertbus.plugin import Alert
from tests.sectors.frame import Case, by_schema, notices, the_tests
from tests.sectors.numbers import must_be_read, of_system

SECTOR_CHECK = (
    "own JSON Schemas police-ppn.v1 and police-ppn-report.v1, after the NPCC POLE headings (no public schema exists); what is written is "
    "read again; PNC and CRO vectors; the quality receipt (PPN-14)"
)
REPORTS = the_tests("police", "test_reports")
SENT = Draft202012Validator(report_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def cases() -> Iterator[Case]:
    yield from by_schema(PoliceAdapter(), ppn_schema())
    for name, notice in notices():
        if notice.people or notice.children:
            yield f"written and read again: {name}", partial(_round, notice)
    for system in ("pnc", "cro"):
        for value, good in of_system(system):
            yield f"{system} {'that is one' if good else 'that is none'}: {value}", partial(_number, system, value, good=good)
    yield "a bare report is asked for all that an officer must say", partial(_asked, bare=True)
    yield "a whole report is asked for nothing", partial(_asked, bare=False)


def _round(notice: Any) -> None:
    message = REPORTS.as_report(notice)
    faults = [f"{list(error.path)}: {error.message}" for error in SENT.iter_errors(message)]
    assert not faults, faults
    assert REPORTS.heard(_read(message)) == REPORTS.said(notice)


def _number(system: str, value: str, *, good: bool) -> None:
    somebody = {"id": "a1", "child": False, "identifiers": [{"system": system, "value": value}]}
    message = REPORTS.report(persons=[somebody], locations=[], links=[])
    must_be_read(lambda: _read(message), "persons[0].identifiers[0].value", good=good)


def _asked(*, bare: bool) -> None:
    somebody = {"id": "a1", "child": False}
    event = {**REPORTS.report()["events"][0], "observations": [], "details": {}}
    message = REPORTS.report(persons=[somebody], objects=[], locations=[], links=[], events=[event]) if bare else REPORTS.report()
    assert unsaid(_read(message)) == (tuple(ASKED) if bare else ())


def _read(message: object) -> Alert:
    (alert,) = PoliceReports().parse(json.dumps(message).encode(), {})
    assert isinstance(alert, Alert)
    return alert
