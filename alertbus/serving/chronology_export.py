"""A chronology in the form that was asked for, as bytes, and the names of those forms: the same for the gateway and the desk."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from alertbus.chronicle.formats import FORMATS, Exported, as_csv, as_html
from alertbus.serving.chronology_shown import ChronologyShown

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "json": "application/json",
        "html": "text/html; charset=utf-8",
        "csv": "text/csv; charset=utf-8",
        "pdf": "application/pdf",
        "text": "text/plain; charset=utf-8",
    }
)
"""By the name that a caller asks for."""


async def as_form(form: str, found: ChronologyShown, exported: Exported | None) -> bytes:
    """Write what was read. With `exported` a page, a PDF and a spreadsheet say at their head who took them. A long one takes a second, so
    it is written in a thread: others are served meanwhile.
    """
    return await asyncio.to_thread(_written, form, found, exported)


def _written(form: str, found: ChronologyShown, exported: Exported | None) -> bytes:
    case_id, entries = found.case.id, found.entries
    if form == "pdf":
        from alertbus.chronicle.chronology_pdf import as_pdf

        if exported is None:
            raise ValueError("a PDF says who took it")
        return as_pdf(case_id, entries, exported)
    if form == "csv":
        return as_csv(case_id, entries, exported).encode()
    if form == "html":
        return as_html(case_id, entries, exported).encode()
    return FORMATS[form](case_id, entries).encode()
