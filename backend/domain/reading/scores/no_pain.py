"""Reads a pain of 0 that is said without a number: "no pain", "sin dolor", or "none" to the question about pain."""

from collections.abc import Sequence
from typing import NamedTuple

from backend.domain.reading.scores.numerals import is_figure
from backend.domain.reading.scores.tokens import Phrases, Tokens, is_word
from backend.domain.reading.scores.vocabulary import (
    AFTER_NO_PAIN,
    AFTER_NOTHING,
    AGO,
    BEFORE_NO_PAIN,
    NAMES,
    NO_PAIN,
    NOTHING,
    WAS,
)
from backend.domain.scores import Measure


class NoPain(NamedTuple):
    """The tokens that say so, and whether that is sure."""

    at: int
    after: int
    sure: bool


_NO_PAIN = Phrases(NO_PAIN)
_HEADS = frozenset({"pain", "pains", "painfree", "dolor", "dolores", "duele", "hurts"}) | NOTHING
_DENIES = NOTHING | {"dont", "do", "free", "gone", "no", "not", "painfree", "sin", "without"}
_BEFORE = BEFORE_NO_PAIN | NAMES.keys()
_REACH = 8


def find_no_pain(tokens: Tokens, asked: Sequence[Measure]) -> NoPain | None:
    """Where a text says that there is no pain now; nowhere in "no pain meds" or "wish I had no pain"."""
    if _DENIES.isdisjoint(tokens.words) or _HEADS.isdisjoint(tokens.words):
        return None
    for at in range(len(tokens)):
        if length := _NO_PAIN.length(tokens, at):
            found = NoPain(at, at + length, sure=True)
            return found if _stands(tokens, found) else None
    return _nothing(tokens) if list(asked) == [Measure.PAIN] else None


def _stands(tokens: Tokens, found: NoPain) -> bool:
    after = tokens.at(found.after)
    if is_word(after) and after not in AFTER_NO_PAIN:
        return False
    for at in range(found.at - 1, max(-1, found.at - 1 - _REACH), -1):
        word = tokens.at(at)
        if word in ".;,!?\n":
            return True
        if is_word(word) and (word in WAS or word in AGO or not (word in _BEFORE or is_figure(word))):
            return word in ("but", "pero")
    return True


def _nothing(tokens: Tokens) -> NoPain | None:
    """A "none" alone, to the question about pain alone: probably 0, and the patient is asked."""
    said = [(at, word) for at, word in enumerate(tokens.words) if is_word(word)]
    if (
        said
        and said[0][1] in NOTHING
        and all(word in AFTER_NOTHING for _, word in said[1:])
        and "?" not in tokens.words
    ):
        return NoPain(said[0][0], said[0][0] + 1, sure=False)
    return None
