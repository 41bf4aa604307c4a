"""Reads 0-10 scores out of a text and binds each to the measure it answers, or says that it is not sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.reading.scores.frame import Answers, answers, left_over
from backend.domain.reading.scores.names import Bound, bind, find_names
from backend.domain.reading.scores.no_pain import NoPain, find_no_pain
from backend.domain.reading.scores.numbers import Number, find_numbers
from backend.domain.reading.scores.numerals import is_figure, mended
from backend.domain.reading.scores.other_uses import is_pair, other_use
from backend.domain.reading.scores.times import corrected, mark_past
from backend.domain.reading.scores.tokens import Phrases, Tokens, is_word
from backend.domain.reading.scores.vocabulary import BOTH, LEAD, NAMES, POLITE, TENS, TRAIL
from backend.domain.scores import Measure, Nrs


@dataclass(frozen=True, slots=True)
class Reading:
    """A score and the part of the text it was read from. One that is not `sure` must be confirmed before it counts."""

    value: Nrs
    span: tuple[int, int]
    sure: bool


@dataclass(frozen=True, slots=True)
class Ratings:
    """What was read, and what is left over that a person must see."""

    scores: Mapping[Measure, Reading]
    left: Sequence[str]


_MOST_NUMBERS = 24  # with more, nothing in the text is plainly an answer
_MOST_BARE = 8  # the same, without names
_LONGEST_NEARLY = 8  # tokens
_FRAME = LEAD | TRAIL | POLITE | NAMES.keys()
_BOTH = Phrases(BOTH)


@dataclass(slots=True)
class _Answer:
    """The scores of one text as they are put together, and the tokens accounted for."""

    tokens: Tokens
    scores: dict[Measure, Reading] = field(default_factory=dict)
    used: list[range] = field(default_factory=list)
    known: set[int] = field(default_factory=set)

    def give(self, measure: Measure, number: Number, *, sure: bool) -> None:
        self.scores[measure] = Reading(
            number.value(measure), self.tokens.span(number.at, number.after), sure and number.sure
        )
        self.used.append(number.tokens)

    def set_aside(self, numbers: Sequence[Number]) -> None:
        """Numbers that are understood, though they are not the score: taken back, past, or said twice."""
        self.used += [number.tokens for number in numbers]


def read_ratings(tokens: Tokens, asked: Sequence[Measure]) -> Ratings:
    """The scores in a text: named ones ("pain 3"), then bare ones for the asked measures in order.

    A hedge that leaves one number is how patients talk ("about a 7", "probably 7", "like a 7"): sure. A number that is
    itself blurred ("7ish", "7+", "7?", "6-7", "7 or 8", "7.5"), past, misspelt, or whose name or place is doubtful,
    is not.
    """
    if len(asked) > 1 and "," in "".join(tokens.words) and NAMES.keys().isdisjoint(tokens.words):
        tokens = tokens.parted_at_commas()
    numbers = find_numbers(tokens, _MOST_NUMBERS)
    found = _scores_among(tokens, numbers.found)
    no_pain = find_no_pain(tokens, asked)
    if not found and no_pain is None:
        return _read_nearly(tokens, asked)
    answer = _Answer(tokens, known=set(numbers.asides))
    _read_found(answer, found, no_pain, asked)
    if not answer.scores:
        return Ratings({}, tokens.plain_words())
    return Ratings(answer.scores, left_over(tokens, answer.used, answer.known))


def _scores_among(tokens: Tokens, numbers: Sequence[Number]) -> list[Number]:
    """Those that have no other use; in doubt when said in one breath with one that has ("five, ten minutes")."""
    uses = [other_use(tokens, number) for number in numbers]
    for number, following, use in zip(numbers, numbers[1:], uses[1:], strict=False):
        if use and tokens.words[number.after : following.at] == [","]:
            number.sure = False
    return [number for number, use in zip(numbers, uses, strict=True) if use is None]


def _read_found(answer: _Answer, found: list[Number], no_pain: NoPain | None, asked: Sequence[Measure]) -> None:
    tokens = answer.tokens
    names = [
        name for name in find_names(tokens, found, asked) if not no_pain or not no_pain.at <= name.at < no_pain.after
    ]
    found = _without_pairs(tokens, found, two=len(asked) > 1 or len(names) > 1)
    mark_past(tokens, found)
    bound = bind(tokens, names, found)
    taken = _read_named(answer, bound, asked)
    bare = [number for number in found if number.at not in taken]
    open_measures = [measure for measure in asked if measure not in answer.scores]
    if no_pain and no_pain.sure and len(open_measures) > 1 and Measure.PAIN in open_measures:
        open_measures.remove(Measure.PAIN)
    if open_measures and bare and len(bare) <= _MOST_BARE:
        _read_bare(answer, bare, open_measures)
    if no_pain:
        _read_no_pain(answer, no_pain, lone=len(answer.used) >= len(found))


def _without_pairs(tokens: Tokens, found: list[Number], *, two: bool) -> list[Number]:
    """A pair about a stroke ("7/3") is two scores only if two are wanted and the text says nothing else."""
    paired = [
        number
        for number in found
        if "/" in (tokens.at(number.at - 1), tokens.at(number.after)) and is_pair(tokens, number)
    ]
    if not paired:
        return found
    if two and all(word in _FRAME or is_figure(word) or not is_word(word) for word in tokens.words):
        for number in paired:
            number.sure = False
        return found
    return [number for number in found if number not in paired]


def _read_named(answer: _Answer, bound: Sequence[Bound], asked: Sequence[Measure]) -> set[int]:
    """Give each named measure its number; say which numbers were taken by a name."""
    taken: set[int] = set()
    for measure in {each.name.measure: None for each in bound}:
        mine = [each for each in bound if each.name.measure is measure]
        if any(other not in {each.name.measure for each in bound} for other in asked):
            mine = _without_next(answer.tokens, mine)
        for each in mine:
            answer.known.update((each.name.at, *range(each.number.after, each.name.at)))
            taken.add(each.number.at)
        number, sure = _present(answer, [each.number for each in mine], measure)
        near = next(each.near for each in mine if each.number is number)
        answer.give(measure, number, sure=sure and near)
    return taken


def _without_next(tokens: Tokens, mine: list[Bound]) -> list[Bound]:
    """Of "pain 3, 7" while the mood is asked as well, the second number answers that, unless it corrects the first."""
    if len(mine) != 2 or mine[0].name.at != mine[1].name.at:  # noqa: PLR2004 - the named number and the next
        return mine
    numbers = [each.number for each in mine]
    changed = any(number.past for number in numbers) or corrected(tokens, numbers) != numbers
    return mine if changed or (numbers[0].low, numbers[0].high) == (numbers[1].low, numbers[1].high) else mine[:1]


def _present(answer: _Answer, numbers: list[Number], measure: Measure) -> tuple[Number, bool]:
    """Of several numbers for one measure, the one that holds now, and whether that is sure."""
    now = corrected(answer.tokens, numbers)
    now = [number for number in now if not number.past] or now[-1:]
    answer.set_aside(numbers)
    if all((number.low, number.high) == (now[0].low, now[0].high) for number in now):
        return now[-1], not now[-1].past
    worst = min if measure.more_is_better else max
    return worst(now, key=lambda number: number.value(measure)), False


def _read_bare(answer: _Answer, bare: list[Number], wanted: list[Measure]) -> None:
    """Numbers without a name answer the open questions in order, if there are no more of them than questions."""
    tokens, taken = answer.tokens, answer.known.union(*answer.used)
    judged = {number.at: answers(tokens, number, taken) for number in bare}
    mine = [number for number in bare if judged[number.at] is not Answers.NO]
    if not mine:
        return
    kept = corrected(tokens, mine)
    kept = [number for number in kept if not number.past] or kept[-1:]
    both = _says_both(tokens)
    if len(kept) > 1 and len(wanted) < len(kept):
        kept = _merged(tokens, kept)
    if len(kept) > len(wanted):
        return
    if both and len(kept) == 1:
        kept *= len(wanted)
        answer.known.update(both)
    answer.set_aside([number for number in mine if number not in kept])
    several = len(kept) > 1 and len(wanted) > 1 and not both
    for measure, number in zip(wanted, kept, strict=False):
        sure = judged[number.at] is Answers.YES and not number.past and len(mine) == len(bare)
        sure = sure and not (several and _touching(tokens, number))
        answer.give(measure, number, sure=sure)


def _merged(tokens: Tokens, numbers: list[Number]) -> list[Number]:
    """Said twice it is one answer; "7-3" to one question is a range."""
    first, last = numbers[0], numbers[-1]
    if all((number.low, number.high) == (first.low, first.high) for number in numbers):
        return [last]
    if len(numbers) == 2 and tokens.words[first.after : last.at] == ["-"]:  # noqa: PLR2004 - its two ends
        return [Number(min(first.low, last.low), max(first.high, last.high), first.at, last.after, sure=False)]
    return numbers


def _touching(tokens: Tokens, number: Number) -> bool:
    """With a sign and no space between them ("7-3", "7,3"), two scores may be one."""
    return any(
        tokens.at(sign) in ("-", ",", "/")
        and tokens.touch(sign - 1)
        and tokens.touch(sign)
        and is_figure(tokens.at(other))
        for sign, other in ((number.after, number.after + 1), (number.at - 1, number.at - 2))
    )


def _says_both(tokens: Tokens) -> set[int]:
    """The tokens that say that one number answers both questions."""
    if _BOTH.opens.isdisjoint(tokens.words):
        return set()
    return {place for at in range(len(tokens)) for place in range(at, at + _BOTH.length(tokens, at))}


def _read_no_pain(answer: _Answer, no_pain: NoPain, *, lone: bool) -> None:
    """Give the 0. With a number for pain beside it, the number is read, and is not sure unless they agree."""
    given = answer.scores.get(Measure.PAIN)
    place = range(no_pain.at, no_pain.after)
    if given is None:
        answer.give(Measure.PAIN, Number(0, 0, no_pain.at, no_pain.after, sure=no_pain.sure), sure=lone)
    elif given.value == 0:
        answer.used.append(place)
    else:
        answer.scores[Measure.PAIN] = Reading(given.value, given.span, sure=False)


def _read_nearly(tokens: Tokens, asked: Sequence[Measure]) -> Ratings:
    """An answer whose only number is misspelt by one slip, or is the letter o for a zero: read, and never sure."""
    words = tokens.words
    if len(words) > _LONGEST_NEARLY or (any(map(is_figure, words)) and "o" not in words):
        return Ratings({}, tokens.plain_words())
    meant = mended(words)
    if meant is None and [word for word in words if is_word(word) and word not in NAMES and word not in TENS] == ["o"]:
        meant = [word if word != "o" else "0" for word in words], words.index("o")
    if meant is None:
        return Ratings({}, tokens.plain_words())
    read = read_ratings(tokens.saying(meant[0]), asked)
    doubtful = {measure: Reading(each.value, each.span, sure=False) for measure, each in read.scores.items()}
    return Ratings(doubtful, read.left)
