"""Telling one agency that something waits for it, and hearing whether it was told.

Of a message nothing is used but the bus's id of it, which goes along as Notify's `reference`: a telephone's screen is seen by others, and a
letter too. What is waiting stands at the desk, behind a sign-in.
"""

from collections.abc import Mapping, Sequence

from alertbus.plugin import Arrived, GivenUp, Hindrance, Message, NotTaken, SendOutcome, Taken, TryAgain
from alertbus.plugin.notify_account import NotifyAccount, NotifyFault
from alertbus_notify.notify_settings import By, NotifySettings

REACHED = frozenset({"delivered", "received"})
"""Notify's words for a message that has arrived: an e-mail or a text message; a letter that was posted."""
LOST = frozenset(
    {
        "permanent-failure",
        "temporary-failure",
        "technical-failure",
        "virus-scan-failed",
        "validation-failed",
        "cancelled",
        "returned-letter",
    }
)
"""Its words for one that it has given up; a temporary failure too, after days of trying."""

_BUSY, _DOOR, _NO_ANSWER, _SERVER_ERROR = 429, frozenset({401, 403}), 503, 500


class Postbox:
    """One agency's address."""

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._account = NotifyAccount(settings.api_key.get_secret_value(), settings.url)

    def send(self, message: Message, agency: str) -> SendOutcome:  # noqa: ARG002  one agency, one address
        """Tell it, unless it was told of this message before. It is with the carrier then; whether it arrives, `track` hears."""
        reference = message.idempotency_key
        try:
            # After a crash between sending and noting it: nobody is woken twice. Of one that was lost, a person asked for another try.
            if all(status in LOST for status in self._account.statuses_of(reference)):
                self._tell(reference)
        except NotifyFault as fault:
            return _outcome(fault.status)
        return Taken(handed_over=True)

    def track(self, keys: Sequence[str]) -> Mapping[str, Arrived | GivenUp]:
        """Ask what became of messages. Of several under one reference the best counts; one still on its way is left out.

        Raises `NotifyFault` where Notify does not answer: the bus asks again.
        """
        known: dict[str, Arrived | GivenUp] = {}
        for key in keys:
            statuses = set(self._account.statuses_of(key))
            if statuses & REACHED:
                known[key] = Arrived()
            elif statuses and statuses <= LOST:
                known[key] = GivenUp(key)
        return known

    def close(self) -> None:
        self._account.close()

    def _tell(self, reference: str) -> None:
        to, template, link = self._settings.to, self._settings.template, self._settings.link
        match self._settings.by:
            case By.EMAIL:
                self._account.email(to[0], template, link, reference)
            case By.SMS:
                self._account.text(to[0], template, link, reference)
            case By.LETTER:
                self._account.letter(to, template, link, reference)


def _outcome(status: int) -> SendOutcome:
    """What a status means: 400 is an address or a template that will not do, and no later try mends that."""
    if status == _NO_ANSWER:
        return TryAgain(Hindrance.UNREACHABLE)
    if status == _BUSY:
        return TryAgain(Hindrance.BUSY)
    if status in _DOOR:
        return TryAgain(Hindrance.NOT_LET_IN)
    return TryAgain(Hindrance.SERVER_ERROR) if status >= _SERVER_ERROR else NotTaken()
