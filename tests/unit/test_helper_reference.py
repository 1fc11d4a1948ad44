"""The list of helpers is whole: what a plugin's author may call stands on the page, with what it takes, gives and means."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import alertbus.plugin
from alertbus.plugin.helper_reference import PUBLIC, helper_reference, helpers_of


def public_in(name: str) -> set[str]:
    """What Python itself finds of a module, constants among it."""
    module = import_module(f"alertbus.plugin.{name}")
    own = [each for each, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__ and callable(value)]
    constants = [
        each
        for each in vars(module)
        if re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", each) and re.search(rf"^{each}( =|: |, )", inspect.getsource(module), re.MULTILINE)
    ]
    return {each for each in getattr(module, "__all__", [*own, *constants]) if not each.startswith("_") and len(each) > 1}


def test_the_page_has_the_modules_that_the_package_names_as_public() -> None:
    named = re.findall(r"`([a-z_]+)`", (alertbus.plugin.__doc__ or "").partition("Contract version")[0])

    assert sorted(PUBLIC) == sorted(named)
    assert [line.removeprefix("## ") for line in helper_reference().splitlines() if line.startswith("## ")] == [*PUBLIC]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_helper_of_a_public_module_stands_on_the_page(name: str) -> None:
    assert public_in(name) - {each.removesuffix("()") for each in helpers_of(name)} == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_what_can_be_called_says_what_it_gives_and_means(name: str) -> None:
    rows = helpers_of(name)

    assert [each for each, (_, gives, means) in rows.items() if not gives or (not means and not each.isupper())] == []
    assert all(rows[each][0] for each in rows if each in {"rehearsal()", "as_page()", "read_form()"})


def test_an_author_reads_whether_it_gives_text_a_list_or_nothing() -> None:
    rows = {name: helpers_of(name) for name in ("wording", "sections", "briefed", "forms")}

    assert rows["wording"]["rehearsal()"][:2] == ("`notice: Notice, nobody: str='no real family'`", "`str | None`")
    assert rows["wording"]["present()"][1] == "`dict[str, Any]`"
    assert rows["sections"]["section_lines()"][1] == rows["briefed"]["before_this()"][1] == "`list[str]`"
    assert rows["forms"]["PersonOnForm.person()"][1] == "`Person`"


def test_the_page_that_is_shipped_is_the_one_that_the_code_makes() -> None:
    page = Path(str(alertbus.plugin.__file__)).parent / "guide" / "helpers.md"

    assert page.read_text("utf-8") == helper_reference()
