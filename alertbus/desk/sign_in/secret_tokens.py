"""Random tokens that a browser keeps, and the hash that we keep of them.

A token has 256 bits by chance, so a plain SHA-256 of it cannot be turned back; OWASP's Session Management Cheat Sheet asks for 64 at least.
"""

import hashlib
import hmac
import secrets


def new_token() -> str:
    """Give 43 characters that nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def derived(token: str, purpose: str) -> str:
    """Give another token that follows from this one, and from which this one does not follow."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), purpose.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def bucket(text: str) -> str:
    """Give twenty bits of a hash: enough that two people seldom share a bucket, too little to find out what was typed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:5]
