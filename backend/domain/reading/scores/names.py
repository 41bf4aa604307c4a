"""Binds numbers to the measures named in a text: "mood 7 pain 3", "3 for pain and 7 for mood", "mood/pain 7 3"."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from backend.domain.reading.scores.numbers import Number
from backend.domain.reading.scores.numerals import is_figure
from backend.domain.reading.scores.tokens import Tokens, is_word, unstretched
from backend.domain.reading.scores.vocabulary import (
    AGO,
    BINDS_BEFORE,
    BODY,
    CORRECTIONS,
    LEAD,
    LETTER_NAMES,
    NAMES,
    NAMES_IF_ASKED,
    NOT_NAMED,
    NOW,
    POLITE,
    TO_NAME,
    TRAIL,
    WAS,
    WEAK_NAMES,
)
from backend.domain.scores import Measure


@dataclass(frozen=True, slots=True)
class Name:
    """A measure named at a place. A `weak` one ("it hurts") may just be a word."""

    measure: Measure
    at: int
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A number and the name it answers to; not `near` if other words stand between them."""

    name: Name
    number: Number
    near: bool


@dataclass(slots=True)
class _Group:
    """Names in a row, and the numbers after them."""

    names: list[Name]
    numbers: list[Number] = field(default_factory=list)


_MOST_NAMES = 16
_BETWEEN = (
    LEAD
    | TRAIL
    | POLITE
    | BODY
    | NOW
    | AGO
    | WAS
    | CORRECTIONS
    | frozenset(":=-,.'()\n/&~>")
    | {"ish", "score", "went", "down", "up"}
)
_JOINS = frozenset({"and", "y", "&", "/", "+", "e", ","})
_ALL_NAMES = NAMES.keys() | WEAK_NAMES.keys() | LETTER_NAMES.keys()
_FRAME = LEAD | TRAIL | POLITE | NAMES.keys() | LETTER_NAMES.keys()
_REACH = 24  # tokens


def find_names(tokens: Tokens, numbers: Sequence[Number], asked: Sequence[Measure]) -> list[Name]:
    """The measures named in a text that has numbers; the weak names only where no plain one says it."""
    stretched = tokens.stretched()
    besides = NAMES_IF_ASKED if Measure.SLEEP in asked else {}
    if not stretched and _ALL_NAMES.isdisjoint(tokens.words) and besides.keys().isdisjoint(tokens.words):
        return []
    names = [
        Name(measure, at)
        for at, word in enumerate(tokens.words)
        if (measure := _plain_name(tokens, at, word, stretched=stretched))
    ]
    names += _letters(tokens, numbers)
    names += [
        Name(besides[word], at)
        for at, word in enumerate(tokens.words)
        if word in besides and any(_beside(at, number) for number in numbers)
    ]
    if not names or len({name.measure for name in names}) == 1:
        said = {name.measure for name in names}
        names += [
            Name(WEAK_NAMES[word], at, weak=True)
            for at, word in enumerate(tokens.words)
            if word in WEAK_NAMES and WEAK_NAMES[word] not in said and _may_be_meant(WEAK_NAMES[word], asked)
        ]
    names.sort(key=lambda name: name.at)
    return names if len(names) <= _MOST_NAMES else []


def _beside(at: int, number: Number) -> bool:
    """Whether a name stands right before a number ("sleep was a 6") or after it ("6 for sleep")."""
    return 0 < number.at - at <= _NEAR_BEFORE or 0 <= at - number.after < _NEAR_AFTER


_NEAR_BEFORE, _NEAR_AFTER = 3, 2  # tokens


def _may_be_meant(measure: Measure, asked: Sequence[Measure]) -> bool:
    return not asked or measure in asked or measure is Measure.PAIN


def _plain_name(tokens: Tokens, at: int, word: str, *, stretched: bool) -> Measure | None:
    if word in NAMES:
        return NAMES[word] if tokens.at(at + 1) not in NOT_NAMED else None
    return _stretched_name(word) if stretched else None


def _stretched_name(word: str) -> Measure | None:
    return next((NAMES[plainer] for plainer in unstretched(word) if plainer in NAMES), None)


def _letters(tokens: Tokens, numbers: Sequence[Number]) -> list[Name]:
    """A letter ("M7 P3") names a measure only beside its number, in a text that is nothing but an answer."""
    starts, ends = {number.at for number in numbers}, {number.after for number in numbers}
    letters = [at for at, word in enumerate(tokens.words) if word in LETTER_NAMES]
    if not letters:
        return []
    plain = all(word in _FRAME or word in BODY or not is_word(word) or is_figure(word) for word in tokens.words)
    leading = [at for at in letters if at + 1 in starts or (tokens.at(at + 1) in (":", "=", "-") and at + 2 in starts)]
    following = [at for at in letters if at in ends]
    found = following if len(following) == len(letters) > len(leading) else leading
    several = len({LETTER_NAMES[tokens.at(at)] for at in found}) > 1
    if not (several or (plain and found == leading)):
        return []
    return [Name(LETTER_NAMES[tokens.at(at)], at) for at in found]


def bind(tokens: Tokens, names: Sequence[Name], numbers: Sequence[Number]) -> list[Bound]:
    """Each named number with its name, in the order of the text."""
    if not names or not numbers:
        return []
    first_is_name = names[0].at < numbers[0].at
    later = numbers[-1].at > names[-1].at
    plainly = [
        bound
        for number in numbers
        if (bound := _bound_behind(tokens, number, names, first_is_name=first_is_name, later=later))
    ]
    taken_names, taken = {bound.name.at for bound in plainly}, {bound.number.at for bound in plainly}
    lead, groups = _grouped(
        [name for name in names if name.at not in taken_names], [number for number in numbers if number.at not in taken]
    )
    found = plainly + (_following(tokens, lead, groups) or _leading(tokens, lead, groups))
    return sorted(found, key=lambda each: each.number.at)


def _bound_behind(
    tokens: Tokens, number: Number, names: Sequence[Name], *, first_is_name: bool, later: bool
) -> Bound | None:
    """A number that its own name follows in so many words: "3 for pain", "7 (mood)"."""
    name = next((name for name in names if number.after < name.at <= number.after + 3 and not name.weak), None)
    if name is None:
        return None
    between = tokens.words[number.after : name.at]
    if not later and any(is_row(tokens, name, other) for other in names):
        return None  # "7 and 3 for mood and pain"
    if not TO_NAME.issuperset(between) or (between[0] == "(" and tokens.at(name.at + 1) != ")"):
        return None
    return Bound(name, number, near=True) if not first_is_name or between[0] in BINDS_BEFORE else None


def _grouped(names: Sequence[Name], numbers: Sequence[Number]) -> tuple[list[Number], list[_Group]]:
    """The numbers before the first name, and then the names with the numbers after them."""
    lead: list[Number] = []
    groups: list[_Group] = []
    marks: list[Name | Number] = sorted([*names, *numbers], key=lambda mark: mark.at)
    for mark in marks:
        if isinstance(mark, Number):
            (groups[-1].numbers if groups else lead).append(mark)
        elif groups and not groups[-1].numbers:
            if not mark.weak:
                groups[-1].names.append(mark)
        else:
            groups.append(_Group([mark]))
    return lead, groups


def _following(tokens: Tokens, lead: list[Number], groups: list[_Group]) -> list[Bound]:
    """Names behind their numbers, all through the text: "7 mood 3 pain", "7 and 3 mood and pain"."""
    if not lead or not groups or any(name.weak for group in groups for name in group.names):
        return []
    if groups[-1].numbers and not (len(groups) == 1 and _parted_behind(tokens, lead[-1], groups[0])):
        return []
    behind = [lead, *(group.numbers for group in groups[:-1])]
    bound: list[Bound] = []
    for numbers, group in zip(behind, groups, strict=True):
        mine = numbers[-len(group.names) :]
        if len(mine) != len(group.names) or not _only(tokens, mine[-1].after, group.names[0].at):
            return []
        bound += [Bound(name, number, near=True) for name, number in zip(group.names, mine, strict=True)]
    return bound


def _only(tokens: Tokens, start: int, end: int) -> bool:
    return all(word in TO_NAME or not is_word(word) for word in tokens.words[start:end])


def _parted_behind(tokens: Tokens, number: Number, group: _Group) -> bool:
    """Whether a pause parts a name from the number after it: "3 pain, 7", not "7, pain 3"."""
    name = group.names[0].at
    return len(group.names) == 1 and number.after == name and tokens.at(name + 1) in (",", ";", ".", "\n")


def _leading(tokens: Tokens, lead: list[Number], groups: list[_Group]) -> list[Bound]:
    """Names ahead of their numbers; one with none after it takes what is left over before it ("mood 7, 3 pain")."""
    before, bound = lead, list[Bound]()
    for group in groups:
        spare = len(before) - (before is not lead)
        if not group.numbers and spare > 0 and before[-1].after <= group.names[0].at:
            if _only(tokens, before[-1].after, group.names[0].at):
                bound = [each for each in bound if each.number is not before[-1]]
                bound.append(Bound(group.names[0], before[-1], near=True))
        else:
            bound += _distributed(tokens, group)
        before = group.numbers
    return bound


def _distributed(tokens: Tokens, group: _Group) -> list[Bound]:
    names, numbers = group.names, group.numbers
    if not numbers:
        return []
    near = is_near(tokens, names[-1].at + 1, numbers[0].at)
    several = len({name.measure for name in names}) > 1
    if not several or not _joined(tokens, names):
        if names[-1].weak and not near:
            return []
        return [Bound(names[-1], number, near and _is_first_or_near(tokens, numbers, number)) for number in numbers]
    if len(numbers) == 1:
        return [Bound(name, numbers[0], near) for name in names]
    if len(numbers) == len(names):
        return [Bound(name, number, near) for name, number in zip(names, numbers, strict=True)]
    return [Bound(names[-1], number, near=False) for number in numbers]


def _is_first_or_near(tokens: Tokens, numbers: list[Number], number: Number) -> bool:
    at = numbers.index(number)
    return at == 0 or is_near(tokens, numbers[at - 1].after, number.at)


def _joined(tokens: Tokens, names: Sequence[Name]) -> bool:
    """Names in one row: "mood and pain", "mood/pain", "mood pain"."""
    return all(is_row(tokens, one, other) for one, other in pairwise(names))


def is_row(tokens: Tokens, one: Name, other: Name) -> bool:
    """Whether one name follows on another with no more than "and my" between them."""
    between = tokens.words[one.at + 1 : other.at]
    return one.at < other.at <= one.at + 4 and _JOINS.issuperset(set(between) - {"my", "mi", "el"})


def is_near(tokens: Tokens, start: int, end: int) -> bool:
    """Only words between a name and its number that belong there, and not too many."""
    if end - start >= _REACH:
        return False
    return all(word in _BETWEEN or is_figure(word) or word in _ALL_NAMES for word in tokens.words[start:end])
