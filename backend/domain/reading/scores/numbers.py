"""Finds the numbers on 0-10 in a text: alone, on their scale ("7 out of ten"), as a range, as a half, hedged."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.domain.reading.answer_words import phrase_set
from backend.domain.reading.scores.numerals import HIGHEST, is_figure, numeral, places
from backend.domain.reading.scores.tokens import HALF, Phrases, Tokens
from backend.domain.reading.scores.vocabulary import (
    ARTICLES,
    BOUNDS,
    HEDGED_AFTER,
    HEDGED_AFTER_PAIRS,
    MOVES,
    RANGE_JOINS,
    TENS,
)
from backend.domain.scores import Measure, Nrs


@dataclass(slots=True)
class Number:
    """`low` to `high`, in the tokens from `at` up to `after`. One that is not `sure` is a range, a half or hedged."""

    low: int
    high: int
    at: int
    after: int
    sure: bool
    scaled: bool = False
    past: bool = False

    def value(self, measure: Measure) -> Nrs:
        """Of a range, the more worrying end."""
        return Nrs(self.low if measure.more_is_better else self.high)

    @property
    def tokens(self) -> range:
        return range(self.at, self.after)


@dataclass(slots=True)
class Numbers:
    """The numbers found, in order, and the tokens that only speak of the scale or count the lines of a list."""

    found: list[Number] = field(default_factory=list)
    asides: set[int] = field(default_factory=set)


_SCALE_OPENS = frozenset({"/", "outta", "de", "of", "out", "over", "sobre"})
_HALVES = Phrases(
    phrase_set(f"and a half | and half | y medio | y media | 1 / 2 | and 1 / 2 | {HALF} | point five | punto cinco")
)
_HEDGED_OPENS = frozenset(pair.partition(" ")[0] for pair in HEDGED_AFTER_PAIRS)
_HEDGED_PAIRS = frozenset(tuple(pair.split()) for pair in HEDGED_AFTER_PAIRS)
_BOUNDS = frozenset(tuple(bound.split()) for bound in BOUNDS)
_ENDS_BOUND = frozenset(bound[-1] for bound in _BOUNDS)
_BETWEEN = frozenset({"between", "entre"})
_MAYBE = frozenset({"a", "an", "even", "maybe", "perhaps", "possibly", "quizas", "un", "tal", "vez", "like", "about"})
_OF_TEN = (("out", "of"), ("scale", "of"), ("escala", "de"))
_ABOUT_SCALE = frozenset(
    {"a", "between", "de", "del", "en", "escala", "from", "la", "of", "on", "out", "scale", "the", "una"}
)
_LIST_SIGNS = frozenset(").:")
_LOWEST = frozenset({"0", "1", "zero", "one", "cero", "uno"})
_TO = frozenset({"to", "-", "a", "al", "through", "thru"})


def find_numbers(tokens: Tokens, most: int) -> Numbers:
    """All numbers on the scale; none if there are more than `most`, which is no plain answer."""
    at_hand = places(tokens.words)
    if not at_hand or len(at_hand) > most:
        return Numbers()
    numbers = Numbers(asides=set(_asides(tokens, at_hand)) if len(at_hand) > 1 else set())
    free = 0
    for at in at_hand:
        if at >= free and at not in numbers.asides:
            number = read_number(tokens, at)
            numbers.found.append(number)
            free = number.after
    return numbers


def read_number(tokens: Tokens, at: int) -> Number:
    """The number whose first token stands here, with all that belongs to it."""
    number = _one(tokens, at)
    other = _range_end(tokens, number)
    if other:
        low, high = min(number.low, other.low), max(number.high, other.high)
        number = Number(low, high, at, other.after, sure=False, scaled=number.scaled or other.scaled)
    if _is_hedged(tokens, number):
        number.sure = False
    return number


def _one(tokens: Tokens, at: int) -> Number:
    low, high, sure = numeral(tokens.at(at)) or (0, 0, False)
    after = at + 1
    half = _HALVES.length(tokens, after) if low < HIGHEST else 0
    if half and tokens.at(after + half) not in _SCALE_OPENS - {"/"}:
        high, after, sure = low + 1, after + half, False
    end = out_of_ten(tokens, after)
    return Number(low, high, at, end or after, sure, scaled=end is not None)


def out_of_ten(tokens: Tokens, at: int) -> int | None:
    """The place after "/10", "out of 10", "outta ten", "de diez", or None."""
    ten = scale_end(tokens, at)
    return ten + 1 if ten is not None and tokens.at(ten) in TENS and tokens.at(ten + 1) != "/" else None


def scale_end(tokens: Tokens, at: int) -> int | None:
    """Where the end of a scale stands, whichever it is: of "/100" the hundred; None if no scale begins here."""
    opens = tokens.at(at)
    if opens not in _SCALE_OPENS:
        return None
    end = at + 1
    if opens in ("out", "over", "sobre") and tokens.at(end) in ("of", "all", "de"):
        end += 1
    if tokens.at(end) in ARTICLES and opens != "/":
        end += 1
    return end if is_figure(tokens.at(end)) else None


def _range_end(tokens: Tokens, number: Number) -> Number | None:
    """The upper end of "6-7", "6 or 7", "6, maybe a 7", "between 6 and 7"; "7-3" and "from 8 to 4" are two numbers."""
    after = _joined(tokens, number)
    if after is None or not numeral(tokens.at(after)):
        return None
    if tokens.at(number.at - 1) in ("from", "de", "desde") and not MOVES.isdisjoint(tokens.words[: number.at]):
        return None
    other = _one(tokens, after)
    either = tokens.at(number.after) in ("or", "o")
    return other if (either or other.low >= number.low) and not _is_next_of_three(tokens, number, other) else None


def _joined(tokens: Tokens, number: Number) -> int | None:
    """Where the other end of a range would stand."""
    at = number.after
    if tokens.at(at) == ",":
        at += 1
        if tokens.at(at) not in ("or", "o", "maybe", "perhaps", "possibly", "quizas"):
            return None
    joins = tokens.at(at) in RANGE_JOINS or tokens.at(at) in ("maybe", "possibly", "perhaps", "quizas")
    between = tokens.at(at) in ("and", "y", "&") and any(tokens.at(number.at - back) in _BETWEEN for back in (1, 2, 3))
    if not joins and not between:
        return None
    at += 1
    while tokens.at(at) in _MAYBE and at < number.after + 5:
        at += 1
    return at


def _is_next_of_three(tokens: Tokens, number: Number, other: Number) -> bool:
    """A third number behind the same sign makes it a date or a telephone number: "3-4-24"."""
    return tokens.at(number.after) == "-" == tokens.at(other.after) and is_figure(tokens.at(other.after + 1))


def _is_hedged(tokens: Tokens, number: Number) -> bool:
    after, before = tokens.at(number.after), tokens.at(number.at - 1)
    if after in HEDGED_AFTER or (after == "mas" and not tokens.at(number.after + 1).isalpha()):
        return True
    if is_hedge(after, tokens.at(number.after + 1)):
        return True
    if after == "-" and not tokens.at(number.after + 1):
        return True
    if number.at == 1 and before in ("+", "#", ">", "<"):
        return True
    return before in _ENDS_BOUND and ((tokens.at(number.at - 2), before) in _BOUNDS or (before,) in _BOUNDS)


def is_hedge(word: str, following: str) -> bool:
    """Whether these two words blur the number before them: "7 or so"."""
    return word in _HEDGED_OPENS and (word, following) in _HEDGED_PAIRS


def _asides(tokens: Tokens, at_hand: list[int]) -> Iterator[int]:
    """Tokens that are numbers and yet none: the ends of the scale, and the marks of a list ("1) 7 2) 3")."""
    for at in at_hand:
        if tokens.at(at) in _LOWEST and tokens.at(at + 1) in _TO and tokens.at(at + 2) in TENS:
            yield from range(_scale_opens(tokens, at), at + 3)
        elif tokens.at(at) in TENS and (tokens.at(at - 2), tokens.at(at - 1)) in _OF_TEN:
            if not is_figure(tokens.at(at - 3)):
                yield from range(_scale_opens(tokens, at - 1), at + 1)
        elif tokens.at(at - 1) in ("los", "las", "the") and tokens.at(at) in ("dos", "two", "2") and len(at_hand) > 1:
            yield from (at - 1, at)
    yield from _list_marks(tokens, at_hand)


def _scale_opens(tokens: Tokens, at: int) -> int:
    while tokens.at(at - 1) in _ABOUT_SCALE:
        at -= 1
    return at


def _list_marks(tokens: Tokens, at_hand: list[int]) -> Iterator[int]:
    first = int(tokens.at(0) in ("(", "-", "#"))
    sign = tokens.at(first + 1)
    if tokens.at(first) != "1" or sign not in _LIST_SIGNS or first not in at_hand:
        return
    second = next((at for at in at_hand if at > first + 2 and tokens.at(at) == "2" and tokens.at(at + 1) == sign), None)
    if second is not None and tokens.at(second + 2):
        yield second
    if second is not None or sign == ")":
        yield first
