"""Statements that run with every record: written once in SQLAlchemy's words, compiled once for each database, and then run as plain text.

SQLAlchemy looks up, copies and fills in a statement each time it is executed, which costs several times what SQLite takes to run it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement with named parameters, those that stand for a list `expanding`.

    Parameters are converted as their types say. Rows come as the driver gives them, so it is for columns that need no conversion, such as
    texts, whole numbers and bytes. An `insert` names its columns by `values`, and is `inline`.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[SQLCompiler, tuple[str, ...]]] = {}
        self._ready: dict[tuple[object, ...], _Ready] = {}

    def run(self, connection: Connection, given: Mapping[str, Any]) -> Sequence[Any]:
        """Run it with these parameters; give its rows."""
        return self._executed(connection, given).all()

    def count(self, connection: Connection, given: Mapping[str, Any]) -> int:
        """Run what returns no rows; give how many it changed."""
        return self._executed(connection, given).rowcount

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each of the rows, of which there is at least one. It has no lists."""
        compiled, lists = self._compiled_for(connection.dialect)
        ready = self._ready_for(connection.dialect, compiled, lists, rows[0])
        connection.exec_driver_sql(ready.text, [ready.filled(row) for row in rows])

    def _executed(self, connection: Connection, given: Mapping[str, Any]) -> CursorResult[Any]:
        compiled, lists = self._compiled_for(connection.dialect)
        if lists:
            given = {**given, **{name: _padded(given[name]) for name in lists}}
        ready = self._ready_for(connection.dialect, compiled, lists, given)
        return connection.exec_driver_sql(ready.text, ready.filled(given))

    def _compiled_for(self, dialect: Dialect) -> tuple[SQLCompiler, tuple[str, ...]]:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            found = self._compiled[dialect.name] = compiled, tuple(name for name, bind in compiled.binds.items() if bind.expanding)
        return found

    def _ready_for(self, dialect: Dialect, compiled: SQLCompiler, lists: Sequence[str], given: Mapping[str, Any]) -> "_Ready":
        key = (dialect.name, *[len(given[name]) for name in lists])
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = _made_ready(compiled, dialect, given)
        return ready


def _padded(values: Sequence[Any]) -> Sequence[Any]:
    """Repeat the last value until there are a power of two: a few texts serve lists of every length, and within IN it changes nothing."""
    if not values:
        return values
    return [*values, *[values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values))]


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where one parameter of the driver's comes from: item `index` of a list, a value that is given, or one that is always the same."""

    name: str
    index: int | None
    constant: Any
    given: bool
    convert: Callable[[Any], Any] | None

    def of(self, given: Mapping[str, Any]) -> Any:
        value = given[self.name] if self.given else self.constant
        if self.index is not None:
            value = value[self.index]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as the driver takes it. `names` None: its parameters are told apart by their places."""

    text: str
    slots: Sequence[_Slot]
    names: Sequence[str] | None

    def filled(self, given: Mapping[str, Any]) -> Any:
        values = [slot.of(given) for slot in self.slots]
        return tuple(values) if self.names is None else dict(zip(self.names, values, strict=True))


def _made_ready(compiled: SQLCompiler, dialect: Dialect, given: Mapping[str, Any]) -> _Ready:
    state = compiled.construct_expanded_state(dict(given))
    items = {item: (name, index) for name, expanded in state.parameter_expansion.items() for index, item in enumerate(expanded)}

    def slot(parameter: str) -> _Slot:
        name, index = items.get(parameter, (parameter, None))
        bind = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return _Slot(name, index, bind.value, name in given, convert)

    order = list(state.parameters) if state.positiontup is None else list(state.positiontup)
    return _Ready(state.statement, [slot(parameter) for parameter in order], None if dialect.positional else order)
