"""Finds the terms of a lexicon in a row of words: which words, or runs of words, name one of its ideas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

# A term is written as words: `a|b` either of two, `word?` may be missing, `NAME` any wording of another term.
# There is no other syntax, so nothing a clinician can write makes reading slow.

_DEEPEST = 8
_MOST_WORDINGS = 20_000


class Spot(NamedTuple):
    """The term `name` stands at `words[start:end]`."""

    name: str
    start: int
    end: int


class Wordings:
    """The terms of a lexicon, each as the word sequences that stand for it."""

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        self._terms = terms
        self._done: dict[str, frozenset[tuple[str, ...]]] = {}

    def __getitem__(self, name: str) -> frozenset[tuple[str, ...]]:
        """Every wording of a term. Raises `ValueError` for an unknown term or one that is made of itself."""
        return self._of_term(name, 0)

    def _of_term(self, name: str, depth: int) -> frozenset[tuple[str, ...]]:
        if name not in self._terms:
            raise ValueError(f"there is no term {name!r}")
        if depth > _DEEPEST:
            raise ValueError(f"the term {name!r} is made of itself, or of too many others")
        if name not in self._done:
            self._done[name] = frozenset(
                wording for line in self._terms[name] for wording in self._of_line(line, depth)
            )
        return self._done[name]

    def _of_line(self, line: str, depth: int) -> Iterator[tuple[str, ...]]:
        parts = [list(self._of_part(part, depth)) for part in line.split()]
        if not parts:
            raise ValueError("a term has an empty wording")
        if (wordings := prod(map(len, parts))) > _MOST_WORDINGS:
            raise ValueError(f"{line!r} has {wordings} wordings; at most {_MOST_WORDINGS} can be told apart")
        for chosen in product(*parts):
            wording = tuple(word for words in chosen for word in words)
            if not wording:
                raise ValueError(f"the wording {line!r} would match nothing at all")
            yield wording

    def _of_part(self, part: str, depth: int) -> Iterator[tuple[str, ...]]:
        if part.endswith("?"):
            yield ()
        for choice in part.removesuffix("?").split("|"):
            if is_name(choice):
                yield from self._of_term(choice, depth + 1)
            else:
                yield (choice,)


def is_name(symbol: str) -> bool:
    """Whether this names a term (upper case) rather than a word."""
    return symbol.isupper() and symbol[0].isalpha()


@dataclass(slots=True)
class _Node:
    """Where a row of words has led: what may follow, and the terms that are complete here."""

    after: dict[str, "_Node"]
    names: tuple[str, ...]

    def grown(self, word: str) -> "_Node":
        """The node that `word` leads to. Most nodes are ends, tens of thousands, and share one empty `after`."""
        if self.after is _NOTHING:
            self.after = {}
        return self.after.setdefault(word, _Node(_NOTHING, ()))


_NOTHING: dict[str, _Node] = {}


class Terms:
    """Spots terms. Time grows with the number of words times the length of the longest wording, both bounded.

    `fillers` are words that say nothing ("really", "just"): they may stand inside a term of several words.
    `words[word]` are the terms that the single word stands for.
    """

    def __init__(self, wordings: Mapping[str, frozenset[tuple[str, ...]]], fillers: frozenset[str]) -> None:
        self.fillers = fillers
        self.words: dict[str, tuple[str, ...]] = {}
        self.vocabulary: set[str] = set(fillers)
        self._roots: dict[str, _Node] = {}
        self._same: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name, rows in wordings.items():
            for row in rows:
                self._add(name, row)

    def _add(self, name: str, row: tuple[str, ...]) -> None:
        self.vocabulary.update(row)
        if len(row) == 1:
            self.words[row[0]] = (*self.words.get(row[0], ()), name)
            return
        node = self._roots.setdefault(row[0], _Node(_NOTHING, ()))
        for word in row[1:]:
            node = node.grown(word)
        names = (*node.names, name)
        node.names = self._same.setdefault(names, names)

    def runs(self, words: Sequence[str]) -> list[Spot]:
        """The terms of two words and more, in no particular order."""
        roots = self._roots
        found: list[Spot] = []
        for start, word in enumerate(words):
            node = roots.get(word)
            if node is not None and node.after:
                self._follow(words, start, node, found)
        return found

    def _follow(self, words: Sequence[str], start: int, node: _Node, found: list[Spot]) -> None:
        for at in range(start + 1, len(words)):
            word = words[at]
            following = node.after.get(word)
            if following is not None:
                node = following
                found += [Spot(name, start, at + 1) for name in node.names]
                if not node.after:
                    return
            elif word not in self.fillers:
                return
