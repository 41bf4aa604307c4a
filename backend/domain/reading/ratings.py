"""Reads 0-10 scores out of a text and binds each to the measure it answers, or says that it is not sure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from backend.domain.reading.answer_words import (
    ANSWERS_ON,
    ARTICLES,
    BEFORE_OTHERS,
    BETWEEN,
    CORRECTIONS,
    FRAME,
    LARGE_WORDS,
    LETTER_SLOTS,
    MONTHS,
    NOW,
    NUMBER_WORDS,
    PAST,
    POLITE,
    PRAISE,
    SLOTS,
    UNITS,
    VAGUE,
)
from backend.domain.reading.normalise import Folded
from backend.domain.scores import Measure, Nrs


@dataclass(frozen=True, slots=True)
class Reading:
    """A score and the part of the text it was read from. One that is not `sure` must be confirmed before it counts."""

    value: Nrs
    span: tuple[int, int]
    sure: bool


@dataclass(frozen=True, slots=True)
class Ratings:
    """What was read, and whether words remain that a person must see."""

    scores: Mapping[Measure, Reading]
    words: bool


_HIGHEST = 10
_REACH = 12  # tokens looked back over
_MOST_NUMBERS = 8  # with more, none of them is plainly an answer
_SHORT = 25  # tokens; in a longer story a number is seldom an answer
_SCALE_OPENS = frozenset({"/", "outta", "de", "of", "out", "over", "sobre"})
_RANGE_JOINS = frozenset({"-", "or", "to", "o", "a", "~", "and", "y"})
_SIGNS = frozenset(".,;:!=-/()\"'~+*&")
_TOKEN = re.compile(r"[0-9]+(?:[.,:][0-9]+)+|[0-9]+|[a-z_]+|\n|[^\sa-z0-9_']")


@dataclass(slots=True)
class _Number:
    """A number that may be a score: `low`-`high` is more than one value for "6-7"; `at`/`after` index the tokens."""

    low: int
    high: int
    at: int
    after: int
    sure: bool
    scaled: bool = False

    def value(self, measure: Measure) -> Nrs:
        """Of a range, the more worrying end."""
        return Nrs(self.low if measure is Measure.MOOD else self.high)


@lru_cache(maxsize=4096)
def _value(word: str) -> tuple[int, int] | None:
    if word in NUMBER_WORDS:
        return (NUMBER_WORDS[word],) * 2
    whole, point, part = word.replace(",", ".").partition(".")
    if (
        not whole.isdecimal()
        or len(whole) > len(str(_HIGHEST))
        or (point and not (part.isdecimal() and len(part) == 1))
    ):
        return None
    low = int(whole)
    high = low + (part not in ("", "0"))
    return (low, high) if high <= _HIGHEST else None


class _Text:
    """One text being read: its tokens, the numbers that may be scores, and which tokens are accounted for."""

    def __init__(self, folded: Folded) -> None:
        self._plain, self._places = folded
        self.tokens: list[str] = _TOKEN.findall(self._plain)
        self.used: set[int] = set()
        self.numbers = self._numbers()
        self.in_numbers = {at for number in self.numbers for at in range(number.at, number.after)}

    def word(self, at: int) -> str:
        return self.tokens[at] if 0 <= at < len(self.tokens) else ""

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return [piece.span() for piece in _TOKEN.finditer(self._plain)]

    def span(self, at: int, after: int) -> tuple[int, int]:
        """Where these tokens stand in the text as sent."""
        return (self._places[self._spans[at][0]], self._places[self._spans[after - 1][1] - 1] + 1)

    def _numbers(self) -> list[_Number]:
        """All of them where a measure is named; else no more than tell that there are too many to be answers."""
        most = _MOST_NUMBERS + 1 if SLOTS.keys().isdisjoint(self.tokens) else len(self.tokens)
        found: list[_Number] = []
        free = 0
        for at, token in enumerate(self.tokens):
            number = self._number(at) if at >= free and _value(token) else None
            if number:
                found.append(number)
                free = number.after
                if len(found) >= most:
                    break
        return found

    def _number(self, at: int) -> _Number | None:
        value = _value(self.tokens[at])
        if value is None or self._is_part_of_more(at):
            return None
        low, high, after, sure = *value, at + 1, value[0] == value[1]
        scaled_after = self._after_scale(after)
        if scaled_after == after:
            other = self._range_end(after)
            if other:
                high, after, sure = other[0], other[1], False
                scaled_after = self._after_scale(after)
        low, high = min(low, high), max(low, high)
        number = _Number(low, high, at, scaled_after, sure, scaled=scaled_after > after)
        return None if self._is_something_else(number) else number

    def _is_part_of_more(self, at: int) -> bool:
        """Minus signs, money, phone numbers, ordinals, dates ("3/12"), "twenty four"."""
        before, after = self.word(at - 1), self.word(at + 1)
        if before in ("-", "$", "+", "#") and (at == 1 or before != "-" or _value(self.word(at - 2)) is None):
            return not (before == "-" and at > 1 and self.word(at - 2) in SLOTS)
        if before == "of" and self.word(at - 2) in ("out", "scale"):
            return True  # "out of ten, a 7"; "on a scale of one to ten"
        if before in LARGE_WORDS or after in ("%", "°") or after in LARGE_WORDS:
            return True
        return (after == "/" and self._out_of(at + 1) is None) or (before == "/" and at > 1)

    def _out_of(self, at: int) -> int | None:
        """The place after "/10", "out of 10", "outta ten", "de 10", or None."""
        if self.word(at) not in _SCALE_OPENS:
            return None
        if self.word(at) in ("/", "outta", "de", "of"):
            ten = at + 1
        elif (self.word(at), self.word(at + 1)) in (("out", "of"), ("over", "all"), ("sobre", "de")):
            ten = at + 2
        else:
            ten = at + 1 if self.word(at) in ("sobre", "over") else -1
        on_scale = ten > 0 and self.word(ten) in ("10", "ten", "diez") and self.word(ten + 1) != "/"
        return ten + 1 if on_scale else None

    def _after_scale(self, at: int) -> int:
        return self._out_of(at) or at

    def _range_end(self, at: int) -> tuple[int, int] | None:
        """The upper end and the place after it, for "6-7", "6 or 7", "six, maybe seven", "between 6 and 7"."""
        joiner = self.word(at)
        if joiner not in _RANGE_JOINS:
            return None
        between = joiner in ("and", "y") and any(self.word(at - back) in ("between", "entre") for back in (2, 3))
        if joiner not in ("-", "or", "to", "o", "a", "~") and not between:
            return None
        nxt = at + 1 + (self.word(at + 1) in ("a", "an", "maybe", "even"))
        other = _value(self.word(nxt))
        if other and other[0] < (_value(self.word(at - 1)) or (0, 0))[0]:
            return None  # "7-3" is two scores
        if joiner == "to" and self.word(at - 2) in ("from", "down"):
            return None
        return (other[1], nxt + 1) if other else None

    def _is_something_else(self, number: _Number) -> bool:
        """Doses, hours, dates, counts and praise are not answers."""
        before, after = self.word(number.at - 1), self.word(number.after)
        if number.scaled:
            praised = any(self.word(number.after + ahead) in PRAISE for ahead in (0, 1))
            return (
                praised
                or after in ("times", "veces", "people", "cats")
                or (before == "on" and not self._named_near(number))
            )
        if after in UNITS and not self._plus(number.after):
            return True
        if before in MONTHS or (before in BEFORE_OTHERS and before not in self._allowed_before(number)):
            return True
        return self.word(number.at) in ARTICLES and not self._stands_alone(number)

    def _allowed_before(self, number: _Number) -> frozenset[str]:
        """Whether "at" names a place on the scale ("im at 7", "pain at a 3") or a time of day ("at 7")."""
        earlier = self.word(number.at - 2)
        return (
            frozenset({"at", "level", "number", "only", "been", "for"})
            if earlier in SLOTS or earlier in ("im", "m", "is", "am", "still", "s", "its", "mood", "pain", "the")
            else frozenset({"only"})
        )

    def _plus(self, at: int) -> bool:
        return self.word(at) in ("plus", "mas") and not self.word(at + 1).isalpha()

    def _stands_alone(self, number: _Number) -> bool:
        after = self.word(number.after)
        return not after.isalpha() or after in SLOTS or after in ANSWERS_ON or after in NUMBER_WORDS

    def _named_near(self, number: _Number) -> bool:
        return any(self.word(number.at - back) in SLOTS for back in (1, 2, 3))


def read_ratings(folded: Folded, awaiting: Sequence[Measure]) -> Ratings:
    """The scores in a folded text: named ones ("pain 3"), then bare ones for the awaited measures in order."""
    reader = _Text(folded)
    scores: dict[Measure, Reading] = {}
    taken: set[int] = set()
    for measure, choice in _named(reader):
        number = reader.numbers[choice]
        _use(reader, number, taken, choice)
        held = scores.get(measure)
        if held is None or not _is_past(reader, number):
            scores[measure] = _reading(reader, number, measure, sure=held is None or _is_now(reader, number))
    _bind_bare(reader, [measure for measure in awaiting if measure not in scores], scores, taken)
    return Ratings(scores, _words_remain(reader, named=bool(scores)))


def _use(reader: _Text, number: _Number, taken: set[int], choice: int) -> None:
    taken.add(choice)
    reader.used.update(range(number.at, number.after))


def _reading(reader: _Text, number: _Number, measure: Measure, *, sure: bool) -> Reading:
    return Reading(
        number.value(measure),
        reader.span(number.at, number.after),
        sure and number.sure and not _is_vague(reader, number),
    )


def _is_vague(reader: _Text, number: _Number) -> bool:
    after = reader.word(number.after)
    return after in ("ish", "+", "plus", "mas", "?", "ish?") or (
        after == "-" and reader.word(number.after + 1) == "ish"
    )


def _is_past(reader: _Text, number: _Number) -> bool:
    return any(reader.word(number.at - back) in PAST for back in (1, 2))


def _is_now(reader: _Text, number: _Number) -> bool:
    near = [reader.word(number.at - back) for back in (1, 2, 3)] + [
        reader.word(number.after),
        reader.word(number.after + 1),
    ]
    return any(word in NOW for word in near)


def _named(reader: _Text) -> list[tuple[Measure, int]]:
    """Which number answers to which named measure: the name leads ("mood 7 pain 3") or follows ("7 mood 3 pain")."""
    numbers = {number.at: index for index, number in enumerate(reader.numbers)}
    marks: list[tuple[Measure | None, int]] = []
    for at, token in enumerate(reader.tokens):
        if at in numbers:
            marks.append((None, numbers[at]))
        elif token in SLOTS and _is_slot(reader, at):
            marks.append((SLOTS[token], at))
    follows = len(marks) > 1 and marks[0][0] is None and marks[-1][0] is not None
    return _pairs_following(reader, marks) if follows else _pairs_leading(reader, marks)


def _is_slot(reader: _Text, at: int) -> bool:
    """A single letter names a measure only with its number close behind: "M7P3"."""
    if reader.word(at) not in LETTER_SLOTS:
        return True
    ahead = at + 1 + (reader.word(at + 1) in (":", "=", "-"))
    return reader.word(ahead) in NUMBER_WORDS or reader.word(ahead).isdecimal()


def _close(reader: _Text, start: int, end: int) -> bool:
    """Only words that belong between a name and its number, and not too many of them."""
    if end - start >= _REACH:
        return False
    between = reader.tokens[start:end]
    return all(word in BETWEEN or word in NUMBER_WORDS or word.isdecimal() for word in between)


def _pairs_leading(reader: _Text, marks: Sequence[tuple[Measure | None, int]]) -> list[tuple[Measure, int]]:
    pairs: list[tuple[Measure, int]] = []
    measure: Measure | None = None
    since = 0
    for mark, place in marks:
        if mark is not None:
            measure, since = mark, place + 1
            reader.used.add(place)
        elif measure is not None and _close(reader, since, reader.numbers[place].at):
            pairs.append((measure, place))
    return pairs


def _pairs_following(reader: _Text, marks: Sequence[tuple[Measure | None, int]]) -> list[tuple[Measure, int]]:
    pairs: list[tuple[Measure, int]] = []
    last: int | None = None
    for mark, place in marks:
        if mark is None:
            last = place
        else:
            reader.used.add(place)
            if last is not None and _close(reader, reader.numbers[last].after, place):
                pairs.append((mark, last))
            last = None
    return pairs


def _bind_bare(reader: _Text, open_measures: list[Measure], scores: dict[Measure, Reading], taken: set[int]) -> None:
    """Numbers without a name answer the awaited questions in order, if there are no more of them than questions."""
    if len(reader.numbers) > _MOST_NUMBERS:
        return
    bare = [index for index, number in enumerate(reader.numbers) if index not in taken and _is_answer(reader, number)]
    if len(bare) > 1 and open_measures:
        bare = _without_old(reader, _without_repeats(reader, bare, len(open_measures)))
    if not open_measures or not bare or len(bare) > len(open_measures):
        return
    for measure, index in zip(open_measures, bare, strict=False):
        number = reader.numbers[index]
        _use(reader, number, taken, index)
        sure = _certain_place(reader, number)
        scores[measure] = _reading(reader, number, measure, sure=sure)


def _without_repeats(reader: _Text, bare: list[int], wanted: int) -> list[int]:
    """The same score said twice for one question is one answer."""
    values = {(reader.numbers[index].low, reader.numbers[index].high) for index in bare}
    return bare[-1:] if len(values) == 1 and wanted < len(bare) else bare


def _without_old(reader: _Text, bare: list[int]) -> list[int]:
    """What was said before and taken back: "was 9 now 2" answers 2, "7 no wait 8" answers 8."""
    numbers = reader.numbers
    if any(_is_past(reader, numbers[index]) for index in bare):
        current = [index for index in bare if not _is_past(reader, numbers[index])]
        reader.used.update(
            at for index in bare if index not in current for at in range(numbers[index].at, numbers[index].after)
        )
        return current[-1:] if current else bare[-1:]
    if len(bare) == 1:
        return bare
    between = {reader.word(at) for at in range(numbers[bare[-2]].after, numbers[bare[-1]].at)}
    return (
        bare[-1:] if between & {"wait", "actually", "mean", "meant", "sorry", "perdon", "digo", "correction"} else bare
    )


def _is_answer(reader: _Text, number: _Number) -> bool:
    """A number answers if it is on the scale in so many words, or stands by itself or in a frame ("i'd say a 7")."""
    return number.scaled or (_opens(reader, number) and _closes(reader, number))


def _opens(reader: _Text, number: _Number) -> bool:
    at = number.at - 1
    while at >= max(0, number.at - _REACH) and (
        _is_filler(reader, at) or at in reader.used or _belongs_to_number(reader, at)
    ):
        at -= 1
    return (
        at < 0
        or reader.word(at) in (".", "-", "&", ",", ";", "\n", "!")
        or (
            at < number.at - 1
            and reader.word(at + 1) in ("say", "its", "id", "about", "around", "like", "probably", "is", "it")
        )
    )


def _belongs_to_number(reader: _Text, at: int) -> bool:
    return at in reader.in_numbers


def _is_filler(reader: _Text, at: int) -> bool:
    word = reader.word(at)
    return word in FRAME or word in VAGUE or word in NOW or word in PAST or word in CORRECTIONS or word in POLITE


def _closes(reader: _Text, number: _Number) -> bool:
    after = reader.word(number.after)
    return (
        not after.isalpha()
        or _is_filler(reader, number.after)
        or after in ANSWERS_ON
        or after in NUMBER_WORDS
        or number.at == 0
        or after == "ish"
    )


def _certain_place(reader: _Text, number: _Number) -> bool:
    """A number that opens a longer remark ("2 kids at home") may be a count: the patient is asked."""
    after = reader.word(number.after)
    if not _opens(reader, number) or _is_past(reader, number) or len(reader.tokens) > _SHORT:
        return False
    return (
        number.scaled
        or not after.isalpha()
        or after in ANSWERS_ON
        or _is_filler(reader, number.after)
        or after in NUMBER_WORDS
    )


def _words_remain(reader: _Text, *, named: bool) -> bool:
    """Whether anything is left over that is neither a score nor the words around one."""
    return any(not _explained(reader, at, named=named) for at in range(len(reader.tokens)) if at not in reader.used)


def _explained(reader: _Text, at: int, *, named: bool) -> bool:
    word = reader.word(at)
    if not word.isalnum() and "_" not in word:
        return word.isspace() or word in _SIGNS
    if not named:
        return False
    return _is_filler(reader, at) or word == "ish" or word in ("ish", "ten", "out", "plus", "level")
