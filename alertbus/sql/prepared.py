"""Statements that run with every record: written once in SQLAlchemy's words, compiled once for each database, and then run as plain text.

SQLAlchemy looks up, copies and fills in a statement each time it is executed, which costs several times what SQLite takes to run it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement with named parameters, those that stand for a list `expanding`.

    Parameters are converted as their types say. Rows come as the driver gives them, so it is for columns that need no conversion, such as
    texts, whole numbers and bytes. Errors of the database are those of `Connection.execute`; what a column's type refuses is raised as
    it is.
    """

    def __init__(self, statement: ClauseElement | Callable[[str], ClauseElement], columns: Sequence[str] | None = None) -> None:
        """Take the statement, or what builds it for a dialect's name; and of an insert or update that does not say so itself the columns
        whose values are given, where these are not all of the table's.
        """
        self._statement, self._columns = statement, columns
        self._compiled: dict[str, tuple[SQLCompiler, Dialect, tuple[str, ...]]] = {}
        self._ready: dict[tuple[object, ...], _Ready] = {}

    def run(self, connection: Connection, given: Mapping[str, Any]) -> Sequence[Any]:
        """Run it with these parameters; give its rows."""
        return self._executed(connection, given).all()

    def count(self, connection: Connection, given: Mapping[str, Any]) -> int:
        """Run what returns no rows; give how many it changed."""
        return self._executed(connection, given).rowcount

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it once for each of the rows, of which there is at least one. It has no lists. Give how many rows it wrote or changed."""
        ready = self._ready_for(connection.dialect, rows[0])
        return connection.exec_driver_sql(ready.text, [ready.filled(row) for row in rows]).rowcount

    def _executed(self, connection: Connection, given: Mapping[str, Any]) -> CursorResult[Any]:
        _, _, lists = self._compiled_for(connection.dialect)
        if lists:
            given = {**given, **{name: _padded(given[name]) for name in lists}}
        ready = self._ready_for(connection.dialect, given)
        return connection.exec_driver_sql(ready.text, ready.filled(given))

    def _compiled_for(self, dialect: Dialect) -> tuple[SQLCompiler, Dialect, tuple[str, ...]]:
        found = self._compiled.get(dialect.name)
        if found is None:
            # Parameters by their places: a tuple is made more quickly than a mapping.
            positional = dialect if dialect.positional else cast("Any", type(dialect))(paramstyle="format")
            statement = self._statement if isinstance(self._statement, ClauseElement) else self._statement(dialect.name)
            compiled = statement.compile(dialect=positional, column_keys=self._columns)
            assert isinstance(compiled, SQLCompiler)
            lists = tuple(name for name, bind in compiled.binds.items() if bind.expanding)
            found = self._compiled[dialect.name] = compiled, positional, lists
        return found

    def _ready_for(self, dialect: Dialect, given: Mapping[str, Any]) -> "_Ready":
        compiled, positional, lists = self._compiled_for(dialect)
        key = (dialect.name, *[len(given[name]) for name in lists])
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = _made_ready(compiled, positional, given)
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
    """A statement as the driver takes it."""

    text: str
    slots: Sequence[_Slot]
    names: tuple[str, ...] | None = field(init=False)
    """Where every parameter is a value that is given: their names."""
    converted: Sequence[tuple[int, Callable[[Any], Any]]] = field(init=False)
    """Which of those are converted."""

    def __post_init__(self) -> None:
        plain = all(slot.given and slot.index is None for slot in self.slots)
        object.__setattr__(self, "names", tuple(slot.name for slot in self.slots) if plain else None)
        object.__setattr__(self, "converted", [(n, slot.convert) for n, slot in enumerate(self.slots) if slot.convert is not None])

    def filled(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        if self.names is None:
            return tuple([slot.of(given) for slot in self.slots])
        values = [given[name] for name in self.names]
        for at, convert in self.converted:
            values[at] = convert(values[at])
        return tuple(values)


def _made_ready(compiled: SQLCompiler, dialect: Dialect, given: Mapping[str, Any]) -> _Ready:
    state = compiled.construct_expanded_state(dict(given))
    items = {item: (name, index) for name, expanded in state.parameter_expansion.items() for index, item in enumerate(expanded)}

    def slot(parameter: str) -> _Slot:
        name, index = items.get(parameter, (parameter, None))
        bind = compiled.binds[name]
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return _Slot(name, index, bind.value, name in given, convert)

    return _Ready(state.statement, [slot(parameter) for parameter in state.positiontup or ()])
