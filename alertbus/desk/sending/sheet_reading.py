"""Reading a list that somebody uploads: CSV as spreadsheets write it, or a workbook of Excel. Nothing in it is run, followed or trusted.

A workbook is a zip of XML: before it is opened, it is looked at from outside for what is too large, too many or a macro; then only the
cells of its first sheet are read, as values. The parser of Python's own library refuses entities that grow.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from alertbus.desk.sending.release_rows import COLUMNS, column_of

REASONS_HEAD = "What is wrong"
"""The last column of the rows that are given back; it is passed over when they come again."""
MOST_ROWS = 5_000
MOST_COLUMNS = 60
LONGEST_CELL = 4_000

_UNPACKED = 20_000_000
"""Bytes of a workbook's parts together: five thousand rows of these columns have four million."""
_PARTS = 200
_RATIO = 200
"""How much smaller a part may be packed. What people write packs to a tenth or a twentieth; a bomb to a thousandth."""
_SMALL = 1_000_000

_MACROS = ("vbaproject", "macrosheets/", "activex/", "embeddings/", "externallinks/")
_TRUST = ("=", "+", "-", "@", "\t", "\r")


class SheetRefused(Exception):
    """The file cannot be read as a list. `words` say what to do, and nothing of what stands in it."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__("a list that cannot be read")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with the number that it has in its file, and what stands in it by column."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """The rows that hold something. `passed_over`: how many columns have a head that is not taken."""

    rows: tuple[ReadRow, ...]
    passed_over: int


def read_sheet(content: bytes) -> ReadSheet:
    """Read a list. What it is shows in its first bytes, whatever its name says. Raises `SheetRefused`."""
    if not content.strip():
        raise SheetRefused("The file is empty. Choose the list again.")
    if content.startswith(b"PK\x03\x04"):
        return _listed(_of_workbook(content))
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused("This is an old Excel file (.xls), or one with a password. Save it as .xlsx without a password, or as CSV.")
    return _listed(_of_csv(content))


def written_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write a list that Excel opens as it is: UTF-8 with its mark, and no cell that Excel would take for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([f"'{cell}" if cell.startswith(_TRUST) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def written_workbook(rows: Iterable[Sequence[str]]) -> bytes:
    """Write a workbook whose cells are all text, so that Excel changes no number and no day."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Releases")
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _listed(lines: Iterator[tuple[int, Sequence[str]]]) -> ReadSheet:
    number, head = next(lines, (0, ()))
    columns = [column_of(cell) if cell.strip() else None for cell in head]
    named = [name for name in columns if name]
    if "release_date" not in named:
        wanted = ", ".join(one.head for one in COLUMNS)
        raise SheetRefused(f"The first row must hold the heads of the columns, and one of them must be Release date. Heads: {wanted}.")
    if twice := sorted({name for name in named if named.count(name) > 1}):
        heads = ", ".join(one.head for one in COLUMNS if one.name in twice)
        raise SheetRefused(f"More than one column is for the same thing: {heads}. Keep one of each.")
    rows: list[ReadRow] = []
    for number, line in lines:
        cells = {name: cell.strip() for name, cell in zip(columns, line, strict=False) if name and cell.strip()}
        if not cells:
            continue
        if len(rows) == MOST_ROWS:
            raise SheetRefused(f"The list has more than {MOST_ROWS:,} rows. Send it in parts.")
        rows.append(ReadRow(number, cells))
    if not rows:
        raise SheetRefused("The list has heads and no rows. Write the releases under the heads.")
    others = [cell.strip() for name, cell in zip(columns, head, strict=True) if name is None]
    return ReadSheet(tuple(rows), sum(1 for cell in others if cell and cell != REASONS_HEAD))


def _of_csv(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")  # as Excel saves "CSV" here
    if "\0" in text:
        raise SheetRefused("This is not a list. Choose a file that was saved as CSV or as an Excel workbook (.xlsx).")
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        for line in reader:
            yield reader.line_num, [_unquoted(cell)[:LONGEST_CELL] for cell in line[:MOST_COLUMNS]]
    except csv.Error:
        raise SheetRefused(f"The file cannot be read from line {reader.line_num} on. Save it as CSV again, or as .xlsx.") from None


def _unquoted(cell: str) -> str:
    """Without the mark that we put before what Excel would take for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_TRUST) else cell


def _of_workbook(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    _looked_at(content)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False, keep_vba=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for number, line in enumerate(sheet.iter_rows(max_row=_LAST_ROW, max_col=MOST_COLUMNS, values_only=True), start=1):
            yield number, [_as_text(value)[:LONGEST_CELL] for value in line]
    except SheetRefused:
        raise
    except Exception:  # noqa: BLE001  whatever a broken workbook makes of its reader: nothing of it was taken
        raise SheetRefused("The workbook cannot be read. Open it in Excel, save it as .xlsx again, or as CSV.") from None


_LAST_ROW = 3 * MOST_ROWS
"""As far as is looked: between rows there may be empty ones."""


def _looked_at(content: bytes) -> None:
    """Refuse what no list is. Raises `SheetRefused`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            declares = any(_declares(packed, part) for part in parts[:_PARTS] if part.filename.endswith((".xml", ".rels")))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, zlib.error, EOFError):
        raise SheetRefused("The file is damaged. Open it in Excel, and save it as .xlsx again.") from None
    names = [part.filename.casefold() for part in parts]
    if any(mark in name for name in names for mark in _MACROS):
        raise SheetRefused("The workbook holds macros or other files. Save it as .xlsx (without macros), or as CSV.")
    if "[content_types].xml" not in names:
        raise SheetRefused("This is not an Excel workbook. Choose a file that was saved as .xlsx or as CSV.")
    too_much = len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED
    if too_much or any(part.file_size > _SMALL and part.file_size > _RATIO * max(1, part.compress_size) for part in parts):
        raise SheetRefused(f"The workbook unpacks to more than is read. Keep one sheet of at most {MOST_ROWS:,} rows, or save it as CSV.")
    if declares:
        raise SheetRefused("The workbook was not written by a spreadsheet. Open it in Excel, and save it as .xlsx again.")


def _declares(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part begins with declarations of its own, which no spreadsheet writes: they could name other files, or grow."""
    with packed.open(part) as opened:
        return b"<!" in opened.read(2_000).replace(b"\0", b"").replace(b"<!--", b"")


def _as_text(value: object) -> str:
    """A cell as people would write it: a day as a day, a whole number without a point, yes and no for what Excel calls TRUE and FALSE."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
