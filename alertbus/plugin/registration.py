"""What a plugin offers, checked when the bus starts: its hooks are marked, and each object has what the contract asks.

Each refusal names the plugin, the hook, what was found and what to do.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Sequence

import pluggy

from alertbus.model.errors import PluginFault
from alertbus.plugin.hookspecs import CONTRACT, HOOKS
from alertbus.plugin.protocols import Adapter, Source

_PREFIX = "alertbus_"
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")

MISSPELT = 0.88
"""How like two names are of which one is the other, misspelt. Chosen: `parse_reciept` and `parseReceipt` are; `parse_recipient` is not."""
_NEAR = 0.7
"""How like two names are of which one may be meant where the other is missed. Chosen: `read_receipt` may be."""

SHORTEST_MARK = 8
"""Letters of a sentence that stands for a flag. Chosen: a shorter one may stand in any message."""


def check_hooks(name: str, plugin: object, manager: pluggy.PluginManager) -> None:
    """Refuse a hook without its marker, and a wrapper: pluggy would pass over both in silence."""
    for attribute in dir(plugin):
        if not attribute.startswith(_PREFIX) or not inspect.isroutine(getattr(plugin, attribute, None)):
            continue
        who = f"agency plugin '{name}', hook '{attribute}'"
        if attribute not in HOOKS:
            short = {hook.removeprefix(_PREFIX): hook for hook in HOOKS}  # with the prefix every name would be near every other
            near = difflib.get_close_matches(attribute.removeprefix(_PREFIX), short, n=1, cutoff=0.5)
            meant = f"Did you mean `{short[near[0]]}`?" if near else f"There are {', '.join(f'`{hook}`' for hook in HOOKS)}."
            raise PluginFault(
                f"{who}: there is no such hook. {meant} Rename it; a function that is no hook may not begin with `alertbus_`."
            )
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            raise PluginFault(f"{who}: not marked. Put @alertbus.plugin.hookimpl above it.")
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginFault(f"{who}: a wrapper. The hook only registers: return the objects.")


def check_adapter(plugin: str, adapter: object) -> Adapter:
    """Give the adapter back if it has what the contract asks of one. Raises `PluginFault`."""
    who = who_offers(plugin, "alertbus_adapters", adapter)
    check_name(who, adapter, "a lower-case name such as 'northfield-health'")
    _must_match(who, adapter, "sector", _WORD, "one lower-case word such as 'health'")
    check_contract(who, adapter)
    formats = getattr(adapter, "formats", None)
    listed = isinstance(formats, Sequence) and not isinstance(formats, str)
    if not listed or not formats or not all(isinstance(f, str) for f in formats):
        raise PluginFault(f"{who}: `formats` is missing or not a list of names. Name what it writes, such as ('application/json',).")
    marks = getattr(adapter, "flag_marks", ())
    listed = isinstance(marks, Sequence) and not isinstance(marks, str)
    if not listed or not all(isinstance(mark, str) and len(mark) >= SHORTEST_MARK for mark in marks):
        raise PluginFault(
            f"{who}: `flag_marks` is no list of texts of {SHORTEST_MARK} letters or more. Name the sentences that stand for a flag "
            "where your format has no room for its words, or leave it out."
        )
    _must_take_one(who, adapter, "render", "render(notice) -> Message")
    if hasattr(adapter, "parse_receipt"):
        _must_take_one(who, adapter, "parse_receipt", "parse_receipt(raw) -> ReceiptGiven")
    assert isinstance(adapter, Adapter)
    return adapter


def check_source(plugin: str, source: object) -> Source:
    """Give the source back if it has what the contract asks of one. Raises `PluginFault`."""
    who = who_offers(plugin, "alertbus_sources", source)
    check_name(who, source, "a lower-case name such as 'hmpps'")
    must_accept(who, source, "parse", (b"", {}), "parse(raw, headers) -> list[Alert] | Ignored")
    assert isinstance(source, Source)
    return source


def check_name(who: str, offered: object, expected: str) -> None:
    """Raise `PluginFault` for an object without a plain name."""
    _must_match(who, offered, "name", _NAME, expected)


def check_contract(who: str, offered: object) -> None:
    """Raise `PluginFault` for an object that states no version of the contract, or one that this bus does not know."""
    contract = getattr(offered, "contract", None)
    if type(contract) is not int or contract != CONTRACT:
        raise PluginFault(
            f"{who}: `contract` is {_found(contract)} (this bus offers {CONTRACT}). "
            f"Set it to {CONTRACT} once the conformance kit passes, or install a version of the plugin that does."
        )


def clash(first: str, second: str, what: str) -> PluginFault:
    """Say that two plugins offer the same, and blame neither: which of them came first is the alphabet's doing."""
    return PluginFault(
        f"agency plugins {first} and {second} both offer {what}. Uninstall one of the two, or rename what one of them offers."
    )


def _found(contract: object) -> str:
    """Say what stands where a number should: the number, or what else it is, never its value."""
    if contract is None:
        return "missing"
    return (
        str(contract)
        if type(contract) is int
        else {str: "text, not a number", bool: "true or false, not a number"}.get(
            type(contract), f"{type(contract).__name__}, not a number"
        )
    )


def nearest(offered: object, wanted: str, *, like: float = _NEAR) -> str:
    """Give the name of a method that may be meant for the one wanted; empty where there is none so like it, or the right one is there."""
    if hasattr(offered, wanted):
        return ""
    others = {"render", "parse"} - {wanted}
    methods = [one for one in dir(type(offered)) if not one.startswith("_") and one not in others]
    routines = {one.casefold().replace("_", ""): one for one in methods if inspect.isroutine(getattr(type(offered), one, None))}
    near = difflib.get_close_matches(wanted.replace("_", ""), routines, n=1, cutoff=like)
    return routines[near[0]] if near else ""


def who_offers(plugin: str, hook: str, offered: object) -> str:
    """Name the plugin, its hook and the object, for a refusal."""
    name = getattr(offered, "name", None)
    called = f"'{name}'" if isinstance(name, str) else type(offered).__name__
    return f"agency plugin '{plugin}', hook '{hook}', {called}"


def _must_match(who: str, offered: object, attribute: str, pattern: re.Pattern[str], expected: str) -> None:
    value = getattr(offered, attribute, None)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        found = "missing" if value is None else "not that"
        raise PluginFault(f"{who}: `{attribute}` is {found} (expected: {expected}). Set it on the object that the hook returns.")


def _must_take_one(who: str, offered: object, method: str, expected: str) -> None:
    must_accept(who, offered, method, (None,), expected)


def must_accept(who: str, offered: object, method: str, arguments: tuple[object, ...], expected: str) -> None:
    """Raise `PluginFault` for an object without the method, or with one that is asynchronous or takes something else."""
    function: Callable[..., object] | None = getattr(offered, method, None)
    if not callable(function):
        near = nearest(offered, method)
        meant = f"Rename `{near}`, if it is meant" if near else "Add it to the object that the hook returns"
        raise PluginFault(f"{who}: has no method `{method}` (expected: {expected}). {meant}.")
    if inspect.iscoroutinefunction(function):
        raise PluginFault(f"{who}: `{method}` is asynchronous (expected: {expected}). Make it a plain function; it may not wait.")
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError:
        raise PluginFault(
            f"{who}: `{method}{signature}` does not take what is offered (expected: {expected}). Change its parameters."
        ) from None
