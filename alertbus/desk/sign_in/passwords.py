"""Passwords of local users: how they are kept, and which are refused.

Kept with Argon2id by the OWASP Password Storage Cheat Sheet's least: 19 MiB, two passes, one lane. Refused, as NIST SP 800-63B and the NCSC
advise, is what is short and what is easily guessed; no rule says which characters, and none ends after so many days.
"""

import asyncio
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from alertbus.model.errors import Fault, InvalidInput

SHORTEST = 12
"""Characters. NIST SP 800-63B asks for 8 at least, its fourth edition for 15 where nothing else is asked; the NCSC's three random words
have about so many. Ours, between them: local users are for one machine."""

LONGEST = 200
"""Characters. NIST SP 800-63B: 64 at least must be taken; the limit keeps a hash from being made of a megabyte."""

TOO_EASY = 3
"""zxcvbn's score below which a password is refused: under 10^8 guesses, by common passwords, words, names, dates and keyboards."""

AT_ONCE = 2
"""Hashes that are worked out at the same time: each takes 19 MiB and a core for some 25 ms here, and a flood must leave room for pages."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)


@cache
def nobodys() -> str:
    """Give what is verified where there is no such user: it takes as long as for somebody, and opens nothing."""
    return _hasher.hash(secrets.token_hex())


def checked(password: str, *about: str) -> str:
    """Give the password as it is hashed. Raises `InvalidInput`, which never quotes it; `about` is what others know of who will have it."""
    from zxcvbn import zxcvbn  # half a megabyte of words, for who sets a password alone

    wanted = normal(password)
    if not SHORTEST <= len(wanted) <= LONGEST:
        raise InvalidInput([Fault("password", f"{SHORTEST} to {LONGEST} characters, such as three or four words by chance", "length")])
    known = [word for text in (*about, "alertbus safeguarding") for word in (text, *text.replace(".", " ").split())]
    if zxcvbn(wanted[:72], user_inputs=known)["score"] < TOO_EASY:
        raise InvalidInput([Fault("password", "one that others would not guess: three or four words by chance do", "easily_guessed")])
    return wanted


def normal(password: str) -> str:
    """Give it in one form, however a keyboard composes its letters (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)


class Hashing:
    """Works hashes out in threads, a few at a time, so that the pages of others do not wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether this is the password. Without one kept (`None`) it is not, and takes as long."""
        typed = normal(password[: LONGEST + 1])
        async with self._turns:
            return await asyncio.to_thread(_matches, kept or nobodys(), typed) and kept is not None and len(typed) <= LONGEST


def hashed(password: str) -> str:
    """Give what is kept of a password that has been `checked`."""
    return _hasher.hash(password)


def is_outdated(kept: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _matches(kept: str, typed: str) -> bool:
    try:
        return _hasher.verify(kept, typed.encode("utf-8", "surrogatepass"))
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
