"""A plugin's sample receipts on its throw-away bus: each answers the notice that arrived, by that notice's key."""

from collections.abc import Callable
from pathlib import Path

from alertbus.model.errors import PluginFault
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.kit.named_samples import NamedSample
from alertbus.plugin.kit.receipt_files import receipts_in
from alertbus.plugin.kit.receipt_texts import holds, rekeyed
from alertbus.plugin.protocols import ReceiptGiven, ReceiptReader, UnreadableMessage
from alertbus.rehearsal.trial import Trial
from alertbus.run.client import PATIENCE_S, CallRefused, Client
from alertbus.settings import Settings

Say = Callable[[str], None]


async def send_receipts(trial: Trial, message: Path, settings: Settings, say: Say) -> bool:
    """Send the sample receipts of its adapter as answers to what arrived, and say what came of each. False where one was refused."""
    adapter, key = trial.adapters[trial.agencies.index(message.parent.name)], message.stem
    if not isinstance(adapter, ReceiptReader):
        return True
    folder = trial.samples / adapter.name
    files = receipts_in(folder) if folder.is_dir() and adapter.name not in trial.sources else ()
    if not files:
        say(f"receipt    {adapter.name}: no samples in samples/{adapter.name}; try one: alertbus plugin parse PATH FILE --receipt")
    well = True
    async with Client.of(settings, patience_s=PATIENCE_S) as client:
        for file in files:
            answer, why_not = answering(adapter, file, key)
            if not answer:
                say(f"receipt    {adapter.name}, {file.name}: not sent: {why_not}")
                continue
            try:
                taken = await client.call("POST", f"/v1/receipts/{adapter.name}", content=answer)
                said = f"taken as {taken['stage']}"
            except CallRefused as no:
                said, well = f"refused: {no}", False
            say(f"receipt    {adapter.name}, {file.name}, with the notice's key in it: {said}")
    return well


def answering(adapter: ReceiptReader, file: NamedSample, key: str) -> tuple[bytes, str]:
    """Give the sample as an answer to the notice of that key; or nothing, and why not."""
    given = _read(adapter, bytes(file))
    if given is None:
        return b"", "the plugin cannot read it; `alertbus plugin parse PATH FILE --receipt` says why"
    if not given.idempotency_key or not holds(given.idempotency_key, file):
        return b"", "it names no message, so it counts only as the answer to the request that brought the message"
    changed = rekeyed(given.idempotency_key, bytes(file), key)
    again = _read(adapter, changed)
    if again is None or again.idempotency_key.casefold() != key.casefold():
        return b"", "the notice's key cannot be put into it"
    return changed, ""


def _read(adapter: ReceiptReader, raw: bytes) -> ReceiptGiven | None:
    try:
        given: object = behind_boundary(adapter.parse_receipt, raw)
    except (UnreadableMessage, PluginBroke, PluginFault):
        return None
    return given if isinstance(given, ReceiptGiven) else None
