"""How alike two spellings are, as numbers: for proposals, never for a decision."""

from functools import lru_cache


@lru_cache(maxsize=8192)
def spelled_alike(one: str, other: str) -> float:
    """Give the likeness of two short texts from 0 to 1 by Jaro and Winkler: shared letters in order, a shared beginning counting more.

    Source: Winkler, String Comparator Metrics and Enhanced Decision Rules (1990): 0.1 for each of at most four letters at the beginning.
    """
    if one == other:
        return 1.0
    if other < one:
        one, other = other, one  # the measure depends a little on the order
    jaro = _jaro(one, other)
    shared = 0
    for a, b in zip(one[:4], other[:4], strict=False):
        if a != b:
            break
        shared += 1
    return jaro + shared * 0.1 * (1 - jaro)


def _jaro(one: str, other: str) -> float:
    reach = max(len(one), len(other)) // 2 - 1
    taken = [False] * len(other)
    matched: list[str] = []
    for place, letter in enumerate(one):
        for where in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not taken[where] and other[where] == letter:
                taken[where] = True
                matched.append(letter)
                break
    if not matched:
        return 0.0
    counterpart = [letter for letter, used in zip(other, taken, strict=True) if used]
    moved = sum(a != b for a, b in zip(matched, counterpart, strict=True)) // 2
    found = len(matched)
    return (found / len(one) + found / len(other) + (found - moved) / found) / 3


@lru_cache(maxsize=8192)
def shared_pairs(one: str, other: str) -> float:
    """Give the share of neighbouring letters that two longer texts have in common, from 0 to 1 (Dice): the order of words hardly counts."""
    a, b = ({text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other))
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def one_slip(one: str, other: str) -> bool:
    """Whether one letter replaced, left out or added, or two neighbours exchanged, make one text the other. Equal texts are not."""
    if len(one) > len(other):
        one, other = other, one
    if one == other or len(other) - len(one) > 1:
        return False
    at = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    exchanged = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return exchanged or one[at + 1 :] == other[at + 1 :]
