"""What an adapter made of a receipt, for `alertbus plugin parse --receipt`: its fields; or the refusal, the plugin's or the gateway's."""

from typing import TYPE_CHECKING, Any

from alertbus.cli.output import say

if TYPE_CHECKING:
    from alertbus.plugin.protocols import Adapter

READ, UNREADABLE, REFUSED, BROKE = "read", "unreadable", "refused", "broke"


def parsed_receipt(adapter: "Adapter", raw: bytes) -> dict[str, Any]:
    """What came of it, in the words of POST /v1/receipts; a key is looked for by a running bus alone."""
    from alertbus.cli.one_call import called_once
    from alertbus.model.errors import PluginFault
    from alertbus.plugin.boundary import PluginBroke, behind_boundary
    from alertbus.plugin.kit.receipt_files import nearest
    from alertbus.plugin.protocols import ReceiptGiven, ReceiptReader, UnreadableMessage
    from alertbus.plugin.receipt_rules import NAMES_ITS_MESSAGE, NO_SUCH_KEY, faults_of_receipt

    told: dict[str, Any] = {"outcome": BROKE, "adapter": adapter.name}
    if not isinstance(adapter, ReceiptReader):
        near = f", but `{near}`, which the bus never calls: rename it" if (near := nearest(adapter)) else ": it reads no receipts"
        return told | {"fault": f"it has no method `parse_receipt`{near}"}
    mend = "parse_receipt gives a ReceiptGiven or raises UnreadableMessage; `alertbus plugin check` names the broken rule"
    try:
        given: object = called_once(f"adapter '{adapter.name}'", lambda: behind_boundary(adapter.parse_receipt, raw))
    except UnreadableMessage as unreadable:
        return told | {"outcome": UNREADABLE, "faults": [{"path": one.path, "expected": one.expected} for one in unreadable.faults]}
    except PluginBroke as broke:
        return told | {"fault": f"parse_receipt raised {broke}: {mend}"}
    except PluginFault as late:
        return told | {"fault": str(late)}
    if not isinstance(given, ReceiptGiven):
        return told | {"fault": f"parse_receipt returned {type(given).__name__}: {mend}"}
    read = {"receipt": {name: getattr(given, name) for name in ("stage", "by", "role", "intent", "note", "to", "idempotency_key")}}
    faults = [{"path": one.path, "expected": one.expected} for one in faults_of_receipt(given)]
    if not faults and given.stage in NAMES_ITS_MESSAGE and not given.idempotency_key:
        faults = [{"path": "idempotency_key", "expected": NO_SUCH_KEY}]
    return told | read | ({"outcome": REFUSED, "faults": faults} if faults else {"outcome": READ})


def tell_receipt(outcome: dict[str, Any]) -> None:
    """Say it on the screen."""
    for name, value in outcome.get("receipt", {}).items():
        if value not in (None, ""):
            say(f"{'key' if name == 'idempotency_key' else name:<7} {value}")
    match outcome["outcome"]:
        case "read":
            key = outcome["receipt"]["idempotency_key"]
            say("read: a running bus takes it where the key is that of a message it sent" if key else f"read: {_NO_KEY}")
        case "unreadable" | "refused" as which:
            say(f"{which}: {len(outcome['faults'])} fault(s)" + (", so the gateway does not take it" if which == REFUSED else ""))
            for fault in outcome["faults"]:
                say(f"  {fault['path'] or 'receipt'}: {fault['expected']}")
        case _:
            say(f"broke: {outcome['fault']}")


_NO_KEY = "it names no message, so it counts only as the answer to the request that brought the message"
