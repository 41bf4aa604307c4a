"""What one token says as a number on 0-10: in figures, in words, in halves, drawn out or misspelt by one slip."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from backend.domain.reading.scores.tokens import unstretched
from backend.domain.reading.scores.vocabulary import BODY, GOES_ON, LEAD, NAMES, NOT_MISSPELT, NUMERALS, POLITE, TRAIL

HIGHEST = 10
_SHORTEST_MISSPELT = 4
_LONGEST_MISSPELT = 8
_MENDED = [word for word in NUMERALS if len(word) >= _SHORTEST_MISSPELT]
_KNOWN = LEAD | TRAIL | POLITE | BODY | GOES_ON | NAMES.keys() | NOT_MISSPELT
_FRAME = LEAD | TRAIL | POLITE | BODY | NAMES.keys()


class Numeral(NamedTuple):
    """From `low` to `high`: the same for a whole number, its two neighbours for a half."""

    low: int
    high: int
    sure: bool = True


@lru_cache(maxsize=4096)
def numeral(word: str) -> Numeral | None:
    """The number a token says, or None: also for one beyond the scale."""
    if word in NUMERALS:
        return Numeral(NUMERALS[word], NUMERALS[word])
    if word[:1].isdecimal():
        return _in_figures(word)
    for plainer in unstretched(word):
        if plainer in NUMERALS:
            return Numeral(NUMERALS[plainer], NUMERALS[plainer])
    return None


def _in_figures(word: str) -> Numeral | None:
    whole, point, part = word.replace(",", ".").partition(".")
    if not whole.isdecimal() or len(whole) > len(str(HIGHEST)):
        return None
    if point and not (part.isdecimal() and len(part) <= 2):  # noqa: PLR2004 - "7.25" is the finest anybody feels
        return None
    low = int(whole)
    half = bool(part.strip("0"))
    return Numeral(low, low + half, sure=not half) if low + half <= HIGHEST else None


def is_figure(word: str) -> bool:
    """Whether a token is a number of any kind, on the scale or not."""
    return word[:1].isdecimal() or word in NUMERALS


def places(words: Sequence[str]) -> list[int]:
    """Where numbers on the scale stand."""
    return [at for at, word in enumerate(words) if numeral(word)]


def mended(words: list[str]) -> tuple[list[str], int] | None:
    """The text with its one misspelt number word mended, and the place of it: if all the rest is an answer's frame."""
    if any(map(numeral, words)):
        return None
    unknown = [at for at, word in enumerate(words) if word.isalpha() and word not in _FRAME]
    if len(unknown) != 1:
        return None
    at = unknown[0]
    meant = _meant(words[at])
    return ([*words[:at], meant, *words[at + 1 :]], at) if meant else None


@lru_cache(maxsize=2048)
def _meant(word: str) -> str | None:
    """The number word at one slip, with the same first letter; None if a common word could be meant as well."""
    if word in _KNOWN or not _SHORTEST_MISSPELT <= len(word) <= _LONGEST_MISSPELT:
        return None
    near = {
        NUMERALS[each]: each for each in _MENDED if each[0] == word[0] and OSA.distance(word, each, score_cutoff=1) <= 1
    }
    return next(iter(near.values())) if len(near) == 1 else None
