"""Finds the patterns of a lexicon in a sentence: all of them at once, in time that depends on its length alone.

A pattern is a row of words and terms with bounded gaps, such as `WANT ~3 DIE`. All patterns lie end to end in one row
of bits, one bit for each place in a pattern, and one word moves all of them on at once (the extended Shift-And of
Navarro and Raffinot, Flexible Pattern Matching in Strings, 2002, 4.3: optional places are passed over by one
subtraction). So there is no backtracking, nothing is remembered between texts, and no text is slower than another of
its length.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from backend.domain.reading.normalise import PAUSE
from backend.domain.reading.terms import Spot, Terms, is_name

START, END = "^", "$"
_WIDEST_GAP = 6
_WINDOW = 3000  # bits; patterns farther apart are followed one neighbourhood after the other

# In a pattern: `word` itself; `NAME` a term; `a|NAME` either; `part?` may be missing; `~3` up to three words of any
# kind, but nobody else's ("want him to die"); `^` and `$` the start and the end of the sentence; `,` a pause.


class Hit(NamedTuple):
    """Pattern number `pattern` stands at `words[start:end]`."""

    pattern: int
    start: int
    end: int


class _Place(NamedTuple):
    """One place of a pattern: what may stand there (nothing in particular: a gap), and whether it may be empty."""

    symbols: frozenset[str]
    optional: bool

    @property
    def gap(self) -> bool:
        return not self.symbols


@dataclass(frozen=True, slots=True)
class Spotted:
    """A sentence between `^` and `$` with its terms: `names[at]` end at word `at`, with where they start."""

    words: Sequence[str]
    runs: Sequence[Spot]
    inside: AbstractSet[int]


class Grammar:
    """All patterns of a lexicon, ready to be looked for. Raises `ValueError` for a pattern that is wrongly written."""

    def __init__(self, patterns: Sequence[str], terms: Terms, strangers: frozenset[str]) -> None:
        self._terms = terms
        self._patterns = [_places(pattern) for pattern in patterns]
        self._owner: list[int] = []
        self._begins: list[int] = []
        self._lasts: list[int] = []
        self._first = self._gap = self._optional = self._before = self._last = self._guard = 0
        symbols: dict[str, int] = {}
        for number, places in enumerate(self._patterns):
            self._lay_out(number, places, symbols)
        self.vocabulary = {symbol for symbol in symbols if not is_name(symbol) and symbol not in (START, END, PAUSE)}
        self._of_name = {symbol: mask for symbol, mask in symbols.items() if is_name(symbol)}
        self._of_word = self._masks(symbols, strangers)

    def _lay_out(self, number: int, places: Sequence[_Place], symbols: dict[str, int]) -> None:
        self._begins.append(len(self._owner))
        self._first |= 1 << self._begins[-1]
        for at, place in enumerate(places):
            bit = 1 << len(self._owner)
            self._owner.append(number)
            for symbol in place.symbols:
                symbols[symbol] = symbols.get(symbol, 0) | bit
            if place.gap:
                self._gap |= bit
            if place.optional:
                self._optional |= bit
                if not places[at - 1].optional:
                    self._before |= bit >> 1
                if not places[at + 1].optional:
                    self._last |= bit
        self._lasts.append(len(self._owner) - 1)
        self._guard |= 1 << len(self._owner)
        self._owner.append(number)  # no word leads to the guard: it tells one pattern from the next

    def _masks(self, symbols: dict[str, int], strangers: frozenset[str]) -> dict[str, int]:
        words = self.vocabulary | self._terms.words.keys() | strangers | {START, END, PAUSE}
        masks: dict[str, int] = {}
        same: dict[int, int] = {}  # a mask is two thousand bytes, and most words share one
        for word in words:
            gap = 0 if word in strangers or word in (START, END) else self._gap
            mask = symbols.get(word, 0) | gap
            for name in self._terms.words.get(word, ()):
                mask |= symbols.get(name, 0)
            masks[word] = same.setdefault(mask, mask)
        return masks

    @property
    def final(self) -> list[int]:
        """For each pattern the bit of its last place."""
        return [1 << last for last in self._lasts]

    def spot(self, words: Sequence[str]) -> Spotted:
        """The sentence with its marks and the terms in it."""
        marked = [START, *words, END]
        runs = self._terms.runs(marked)
        inside = {at for run in runs if run.name in self._of_name for at in range(run.start, run.end - 1)}
        return Spotted(marked, runs, inside)

    def ends(self, spotted: Spotted, wanted: int) -> list[tuple[int, int]]:
        """Which of the `wanted` patterns (bits of `final`) end where: pattern and the place after its last word."""
        extra = self._extra(spotted.runs) if spotted.runs else {}
        wanted &= self._possible(spotted.words, extra)
        return self._follow(spotted, wanted, extra) if wanted else []

    def _possible(self, words: Sequence[str], extra: Mapping[int, int]) -> int:
        """The patterns for each of whose places there is some word, in whatever order; nearly always there is none.

        One added to a row of ones runs over into the guard behind it, to a row with a nought in it does not.
        """
        found = self._optional
        of_word = self._of_word
        for word in set(words):
            mask = of_word.get(word)
            if mask is not None:
                found |= mask
        for mask in extra.values():
            found |= mask
        return (found + self._first & self._guard) >> 1

    def _follow(self, spotted: Spotted, wanted: int, extra: Mapping[int, int]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for window in self._windows(list(self._owners(wanted))):
            found += self._through(window, spotted, extra)
        return sorted(found, key=itemgetter(1))

    def _windows(self, patterns: Sequence[int]) -> Iterator[Sequence[int]]:
        """The patterns by neighbourhoods: short rows of bits move faster than long ones."""
        start = 0
        for at in range(1, len(patterns) + 1):
            if at == len(patterns) or self._begins[patterns[at]] - self._begins[patterns[start]] >= _WINDOW:
                yield patterns[start:at]
                start = at

    def _through(self, patterns: Sequence[int], spotted: Spotted, extra: Mapping[int, int]) -> list[tuple[int, int]]:
        """Where these neighbours end in the sentence."""
        low = self._begins[patterns[0]]
        within = (1 << self._lasts[patterns[-1]] - low + 1) - 1
        first = sum(1 << self._begins[pattern] - low for pattern in patterns)
        last_of = {1 << self._lasts[pattern] - low: pattern for pattern in patterns}
        wanted = sum(last_of)
        optional, before, last, gap = (
            mask >> low & within for mask in (self._optional, self._before, self._last, self._gap)
        )
        of_word = {word: self._of_word[word] >> low & within for word in self._of_word.keys() & set(spotted.words)}
        fillers, inside, passing = self._terms.fillers, spotted.inside, before | optional
        found: list[tuple[int, int]] = []
        here = 0
        for at, word in enumerate(spotted.words):
            mask = of_word.get(word, gap)
            if at in extra:
                mask |= extra[at] >> low & within
            if not here and not mask & first:
                continue
            moved = (here << 1 | first) & mask
            if moved & passing:
                flooded = moved | last
                moved |= optional & (~(flooded - before) ^ flooded)
            ended = moved & wanted
            while ended:
                lowest = ended & -ended
                ended ^= lowest
                found.append((last_of[lowest], at + 1))
            here = moved | here if word in fillers or at in inside else moved
        return found

    def _owners(self, bits: int) -> Iterator[int]:
        """The pattern to which each of these bits belongs."""
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            yield self._owner[lowest.bit_length() - 1]

    def _extra(self, runs: Iterable[Spot]) -> dict[int, int]:
        extra: dict[int, int] = {}
        for run in runs:
            mask = self._of_name.get(run.name, 0)
            if mask:
                extra[run.end - 1] = extra.get(run.end - 1, 0) | mask
        return extra

    def start(self, spotted: Spotted, pattern: int, end: int) -> int | None:
        """The earliest place from which `pattern` can have come to its `end`, or None if only parts of it overlap."""
        reached = {end}
        for place in reversed(self._patterns[pattern]):
            earlier = reached if place.optional else set()
            for at in reached:
                earlier = earlier | self._before_place(spotted, place, at)
            if not earlier:
                return None
            reached = earlier
        return min(reached)

    def _before_place(self, spotted: Spotted, place: _Place, end: int) -> set[int]:
        """Where the words can begin that fill `place` up to `end`, passing over words that say nothing."""
        found: set[int] = set()
        at = end - 1
        while at >= 0:
            word = spotted.words[at]
            if place.gap:
                if self._of_word.get(word, self._gap) & self._gap:
                    found.add(at)
            else:
                found.update(self._starts(spotted, place, at))
            if word not in self._terms.fillers and at not in spotted.inside:
                break
            at -= 1
        return found

    def _starts(self, spotted: Spotted, place: _Place, at: int) -> Iterable[int]:
        word = spotted.words[at]
        if word in place.symbols or not place.symbols.isdisjoint(self._terms.words.get(word, ())):
            yield at
        for run in spotted.runs:
            if run.end == at + 1 and run.name in place.symbols:
                yield run.start


def _places(pattern: str) -> list[_Place]:
    places = [place for part in pattern.split() for place in _part(part)]
    if not places or places[0].optional or places[-1].optional:
        raise ValueError(f"pattern {pattern!r} must begin and end with something that has to be there")
    return places


@cache  # thousands of patterns are made of some hundred different parts
def _part(part: str) -> tuple[_Place, ...]:
    if part.startswith("~"):
        width = int(part[1:]) if part[1:].isdecimal() else 0
        if not 1 <= width <= _WIDEST_GAP:
            raise ValueError(f"a gap is ~1 to ~{_WIDEST_GAP}, not {part!r}")
        return (_Place(frozenset(), optional=True),) * width
    symbols = frozenset(part.removesuffix("?").split("|"))
    if "" in symbols:
        raise ValueError(f"{part!r} has an empty choice")
    return (_Place(symbols, optional=part.endswith("?")),)
