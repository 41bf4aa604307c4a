"""Mends the words that matter: misspelt, stretched, disguised with figures, or run together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from backend.domain.reading.normalise import unleet

_STRETCHED = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"(.)\1+")
_SHORTEST_MENDED = 5
_LONGEST_MENDED = 14
_SHORTEST_GLUED = 6
_LONGEST_GLUED = 40
_LONGEST_PART = 12
_REMEMBERED = 8192  # single words, never a sentence; so that ordinary words are looked into once


def _with_one_letter_gone(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))} | {word}


class Speller:
    """Turns an unknown word into known ones, or leaves it as it is.

    `key_words` are the few words worth mending at one slip of the finger; they are long, so that ordinary words do not
    become them ("skilled" never turns into "killed"). Only text made wholly of known words is taken apart, and only if
    a key word is in it.
    """

    def __init__(self, known: Iterable[str], key_words: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._key_words = frozenset(key_words)
        self._near = self._index(word for word in self._key_words if len(word) >= _SHORTEST_MENDED)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._repaired)

    @staticmethod
    def _index(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        near: dict[str, tuple[str, ...]] = {}
        for word in sorted(words):
            for stub in _with_one_letter_gone(word):
                near[stub] = (*near.get(stub, ()), word)
        return near

    def __call__(self, word: str) -> Sequence[str]:
        return self._remembered(word)

    def _repaired(self, word: str) -> Sequence[str]:
        if word in self.known:
            return [word]
        for guess in self._plainer(word):
            if guess in self.known:
                return [guess]
        return self._mended(word) or self._taken_apart(word) or [word]

    def _plainer(self, word: str) -> list[str]:
        guesses = [word] if word.isalpha() or word.isdigit() else [unleet(word)]
        plain = guesses[0]
        if _STRETCHED.search(plain):
            guesses += [_STRETCHED.sub(r"\1\1", plain), _STRETCHED.sub(r"\1", plain), _DOUBLED.sub(r"\1", plain)]
        return guesses

    def _mended(self, word: str) -> list[str]:
        """One letter too many, missing, wrong or swapped; the first letter must be right."""
        if not _SHORTEST_MENDED - 1 <= len(word) <= _LONGEST_MENDED:
            return []
        for stub in (word, *(word[:at] + word[at + 1 :] for at in range(1, len(word)))):
            for key_word in self._near.get(stub, ()):
                if key_word[0] == word[0] and OSA.distance(word, key_word, score_cutoff=1) <= 1:
                    return [key_word]
        return []

    def _taken_apart(self, word: str) -> list[str]:
        if not _SHORTEST_GLUED <= len(word) <= _LONGEST_GLUED or not any(key in word for key in self._key_words):
            return []
        parts: list[list[str] | None] = [[]] + [None] * len(word)
        for end in range(1, len(word) + 1):
            parts[end] = self._best_split(word, parts, end)
        whole = parts[-1]
        return whole if whole and not self._key_words.isdisjoint(whole) else []

    def _best_split(self, word: str, parts: list[list[str] | None], end: int) -> list[str] | None:
        """The split into fewest words, so that long words win over scraps; among equals the one with most key words."""
        best: list[str] | None = None
        for start in range(max(0, end - _LONGEST_PART), end):
            before, part = parts[start], word[start:end]
            if before is None or part not in self.known or (len(part) == 1 and part not in "iay"):
                continue
            split = [*before, part]
            if best is None or self._rank(split) < self._rank(best):
                best = split
        return best

    def _rank(self, split: Sequence[str]) -> tuple[int, int]:
        return len(split), -len(self._key_words.intersection(split))
