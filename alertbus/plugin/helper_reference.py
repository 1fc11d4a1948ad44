"""The reference of what a plugin may call: each public module's functions, classes and constants, with what they take and give. Pure but
for reading the modules' own source.

`alertbus schema export` writes it to `alertbus/plugin/guide/helpers.md`, and `--check` says when the code has moved on.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module

PUBLIC = (
    *("wording", "sections", "briefed", "writing", "forms", "schema", "own_settings", "testing"),
    *("fhir", "fhir_told", "fhir_answers", "fhir_reading", "notify_account"),
)
"""Modules of `alertbus.plugin` that a plugin may import, beside the package itself; the ones that nearly every plugin needs first."""

_HEAD = """\
# Every helper, with what it takes and gives

Made from the code by `alertbus schema export`; do not edit. You need none of it: a helper says in the words of the bus's own adapters what
you may say in words of yours. What gives None, empty text or an empty list has nothing to say: leave it out of the message. Fields are in
[notice-fields.md](notice-fields.md) and [alert-fields.md](alert-fields.md).
"""
_LONGEST = 60
"""Characters of a constant's value that are shown."""

_Made = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


def helper_reference() -> str:
    """Give the page."""
    return "\n".join([_HEAD, *(line for name in PUBLIC for line in _module(name))]) + "\n"


def helpers_of(name: str) -> dict[str, tuple[str, str, str]]:
    """Give what is public in a module: by name, what it takes, what it gives, and what it means."""
    module = import_module(f"alertbus.plugin.{name}")
    given = getattr(module, "__all__", None)
    if given is None:
        return dict(_stated(inspect.getsource(module)))
    homes = [getattr(module, each).__module__ for each in given if hasattr(getattr(module, each), "__module__")]
    everything: dict[str, tuple[str, str, str]] = {}
    for home in dict.fromkeys((*homes, *_imported_from(module.__name__))):
        everything |= _stated(inspect.getsource(import_module(home)))
    wanted = frozenset(given)
    return {name: cells for name, cells in everything.items() if name.partition(".")[0].removesuffix("()") in wanted}


def _module(name: str) -> Iterator[str]:
    module = import_module(f"alertbus.plugin.{name}")
    yield from (f"## {name}", "", _one_line(module.__doc__), "", "| helper | takes | gives | meaning |", "|---|---|---|---|")
    for helper, cells in helpers_of(name).items():
        yield " | ".join(["| `" + helper + "`", *(cell.replace("|", "\\|") for cell in cells)]) + " |"
    yield ""


def _imported_from(module: str) -> list[str]:
    tree = ast.parse(inspect.getsource(import_module(module)))
    return [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]


def _stated(source: str) -> Iterator[tuple[str, tuple[str, str, str]]]:
    body = ast.parse(source).body
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            yield from ((ast.unparse(each), ("", "a constant", "")) for each in node.targets[0].elts)
        elif isinstance(node, _Made) and not (name := _name(node)).startswith("_") and not _is_type_word(node):
            yield name, _cells(node, below)
            if isinstance(node, ast.ClassDef):
                yield from ((f"{name}.{_name(inner)}", _cells(inner, None)) for inner in _methods(node))


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    """What may be called of a class. The tests of a suite are its rules, which have pages of their own."""
    named = [inner for inner in node.body if isinstance(inner, ast.FunctionDef)]
    return [inner for inner in named if not inner.name.startswith(("_", "test_"))]


def _name(node: _Made) -> str:
    """As it is written to be used: what is called has brackets, and a property has none."""
    if isinstance(node, ast.FunctionDef):
        return node.name + ("" if any("property" in ast.unparse(each) for each in node.decorator_list) else "()")
    if isinstance(node, ast.ClassDef):
        return node.name
    return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _is_type_word(node: _Made) -> bool:
    """Whether it is there for annotations alone, such as a `TypeVar`."""
    return isinstance(node, ast.Assign) and (ast.unparse(node.value).startswith("TypeVar(") or not _name(node).isupper())


def _cells(node: _Made, below: ast.stmt | None) -> tuple[str, str, str]:
    if isinstance(node, ast.FunctionDef):
        taken = [each for each in (ast.unparse(node.args).removeprefix("self").removeprefix(", "),) if each]
        return _code(*taken), _code(ast.unparse(node.returns) if node.returns else ""), _one_line(ast.get_docstring(node))
    if isinstance(node, ast.ClassDef):
        return "", "a class", _one_line(ast.get_docstring(node))
    value = ast.unparse(node.value) if node.value else ""
    said = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
    return "", _code(value) if len(value) <= _LONGEST else "a constant", _one_line(str(said))


def _code(*parts: str) -> str:
    return " ".join(f"`{part}`" for part in parts if part)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").partition("\n\n")[0].split())
