"""Statements that run with every record: written once in SQLAlchemy's words, compiled once for each database, and then run as plain text.

SQLAlchemy looks up, copies and fills in a statement each time it is executed, which costs several times what SQLite takes to run it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
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
            ready = self._ready[key] = _made_ready(compiled, dialect, lists, given)
        return ready


def _padded(values: Sequence[Any]) -> Sequence[Any]:
    """Repeat the last value until there are a power of two: a few texts serve lists of every length, and within IN it changes nothing."""
    if not values:
        return values
    return [*values, *[values[-1]] * ((1 << (len(values) - 1).bit_length()) - len(values))]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as the driver takes it."""

    text: str
    lists: Sequence[str]
    names: Sequence[str]
    """The parameters that are given and are no lists."""
    constants: Sequence[Any]
    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    """Puts the items of the lists, what is given by these names, and the constants, in the order in which the driver takes them."""
    conversions: Sequence[tuple[int, Callable[[Any], Any]]]
    driver_names: Sequence[str] | None
    """None: the driver tells its parameters apart by their places."""

    def filled(self, given: Mapping[str, Any]) -> Any:
        ordered = [item for name in self.lists for item in given[name]]
        ordered += [given[name] for name in self.names]
        ordered += self.constants
        values = list(self.pick(ordered))
        for place, convert in self.conversions:
            values[place] = convert(values[place])
        return tuple(values) if self.driver_names is None else dict(zip(self.driver_names, values, strict=True))


def _made_ready(compiled: SQLCompiler, dialect: Dialect, lists: Sequence[str], given: Mapping[str, Any]) -> _Ready:
    state = compiled.construct_expanded_state(dict(given))
    kind_of = {item: name for name in lists for item in state.parameter_expansion[name]}
    singles = [name for name in state.parameters if name not in kind_of]
    names = [name for name in singles if name in given]
    constant = [name for name in singles if name not in given]
    places = {name: place for place, name in enumerate([*kind_of, *names, *constant])}
    order = list(state.parameters if state.positiontup is None else state.positiontup)
    conversions = []
    for place, parameter in enumerate(order):
        convert = compiled.binds[kind_of.get(parameter, parameter)].type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            conversions.append((place, convert))
    picked = [places[parameter] for parameter in order]
    pick = itemgetter(*picked) if len(picked) > 1 else lambda ordered: tuple(ordered[place] for place in picked)
    values = [state.parameters[name] for name in constant]
    return _Ready(state.statement, lists, names, values, pick, conversions, None if dialect.positional else order)
