"""Channels of plugins, checked when the bus starts: each transport has what the contract asks, and what is set for it is as it says."""

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from alertbus.model.errors import PluginFault, SettingsFault
from alertbus.model.ways_out import OWN_CHANNELS
from alertbus.plugin.registration import check_contract, check_name, must_accept, who_offers
from alertbus.plugin.transports import FROM_AN_OPERATOR, Transport, TransportSettings
from alertbus.secret_files import RULE

if TYPE_CHECKING:  # it reads settings, which who only lists plugins does not
    from alertbus.channel_settings import ChannelSettings

HOOK = "alertbus_channels"


def check_transport(plugin: str, transport: object) -> Transport:
    """Give the transport back if it has what the contract asks of one. Raises `PluginFault`."""
    who = who_offers(plugin, HOOK, transport)
    check_name(who, transport, "a lower-case name such as 'mesh'")
    check_contract(who, transport)
    if (name := getattr(transport, "name", "")) in OWN_CHANNELS:
        raise PluginFault(f"{who}: the bus itself has a channel of that name ({', '.join(OWN_CHANNELS)}). Rename yours.")
    settings = getattr(transport, "settings", None)
    if not (isinstance(settings, type) and issubclass(settings, TransportSettings)):
        raise PluginFault(f"{who}: `settings` is no class of settings. Inherit alertbus.plugin.TransportSettings, and give the class.")
    if undescribed := [field for field, known in settings.model_fields.items() if not known.description]:
        raise PluginFault(f"{who}: `settings.{undescribed[0]}` has no description. Say what it should be: an operator reads it.")
    for times in ("limit_s", "every_s"):
        seconds = getattr(transport, times, 1.0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 86_400:  # noqa: PLR2004  a day
            raise PluginFault(f"{who}: `{times}` is no number of seconds above 0 (expected: such as 20.0). Give one, or leave it out.")
    must_accept(who, transport, "open", (None,), "open(settings) -> OpenTransport")
    assert isinstance(transport, Transport), name
    return transport


def settings_for(where: str, chosen: "ChannelSettings", transports: Mapping[str, Transport]) -> TransportSettings:
    """Read what an operator has set for a channel of a plugin. `where` says at which setting. Raises `SettingsFault` with every fault."""
    transport = transports.get(chosen.channel)
    if transport is None:
        raise SettingsFault(f"{where}: {_unknown(chosen.channel, transports)}")
    faults: list[str] = []
    try:
        return transport.settings.model_validate(dict(chosen.settings), context=FROM_AN_OPERATOR)
    except ValidationError as found:
        faults = [_line(where, error, transport) for error in found.errors(include_input=False, include_url=False)]
    raise SettingsFault("\n".join(faults))  # out here: pydantic's own error may hold a value


def faults_of_channels(
    channels: Mapping[str, "ChannelSettings"], fallbacks: Mapping[str, "ChannelSettings"], transports: Mapping[str, Transport]
) -> Iterator[str]:
    """Name every fault in the settings of channels that are plugins'."""
    for setting, given in (("ALERTBUS_CHANNELS", channels), ("ALERTBUS_FALLBACKS", fallbacks)):
        for name, chosen in given.items():
            if chosen.channel not in OWN_CHANNELS:
                try:
                    settings_for(f"{setting} {name}", chosen, transports)
                except SettingsFault as fault:
                    yield str(fault)


def _unknown(name: str, transports: Mapping[str, Transport]) -> str:
    known = [*OWN_CHANNELS, *sorted(transports)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"there is no such channel; {f'did you mean {near[0]}?' if near else 'there are ' + ', '.join(known)}"


def _line(where: str, error: Mapping[str, object], transport: Transport) -> str:
    """Tell one fault by the field's own description: pydantic's words may hold part of the value."""
    path = error.get("loc")
    name = str(path[0]) if isinstance(path, tuple) and path else ""
    if error.get("type") == RULE:
        return f"{where} settings: {error.get('msg')}"
    fields = transport.settings.model_fields
    known = fields.get(name)
    if known is None:
        near = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
        return f"{where} settings.{name}: no such setting of `{transport.name}`; " + (
            f"did you mean {near[0]}?" if near else f"there are {', '.join(fields)}"
        )
    given = f"{name}_file" if error.get("type") == "missing" and "SecretStr" in str(known.annotation) else name
    return f"{where} settings.{given}: expected {known.description}; mend it"
