"""What a number in a text may be instead of a score: a dose, an hour, a date, a count, praise, another's score ..."""

from backend.domain.reading.scores.numbers import Number, is_hedge, scale_end
from backend.domain.reading.scores.numerals import is_figure, numeral
from backend.domain.reading.scores.other_use_words import (
    AT,
    BEFORE_ONE,
    FOR_DATES,
    MONTHS,
    OTHERS,
    PARTS_OF_DAY,
    PLACES_ON_SCALE,
    PRAISE_AFTER,
    PRAISED,
    SLANG_AFTER,
    STREETS,
    THEIRS,
    USE_AHEAD,
    USE_BEHIND,
    OtherUse,
)
from backend.domain.reading.scores.tokens import Phrases, Tokens, is_word
from backend.domain.reading.scores.vocabulary import (
    ARTICLES,
    GOES_ON,
    LARGE_WORDS,
    LEAD,
    NAMES,
    NUMERALS,
    POLITE,
    SELDOM_NUMBERS,
    TRAIL,
    WEAK_NAMES,
)

_CLAUSE = 8  # tokens looked back over for whom a score is about
_PHONE_PART = 3
_SHORTEST_PLURAL = 4
_SINGULAR_ENDINGS = ("ss", "us", "is", "as")
_PLAIN = LEAD | NUMERALS.keys() | TRAIL | POLITE | GOES_ON | NAMES.keys() | WEAK_NAMES.keys()
_PARTS = Phrases(PARTS_OF_DAY)
_MAKES_LONG = frozenset("0123456789-(.)")  # a figure or a sign within a telephone number or a date
_OF = frozenset({"de", "of"})
_OF_MORE = frozenset({"mas", "more", "of"})
_SLANG = frozenset({"1", "2", "4", "8", "one"})


def other_use(tokens: Tokens, number: Number) -> OtherUse | None:
    """Why this number is not a score, or None if it may be one."""
    if len(tokens.words) == number.after - number.at:
        return None
    for look in (_by_its_signs, _by_what_follows, _by_what_leads, _by_whom):
        use = look(tokens, number)
        if use:
            return use
    return None


def _by_its_signs(tokens: Tokens, number: Number) -> OtherUse | None:
    """Minus signs, fractions on another scale, larger numbers in words."""
    before, after = tokens.at(number.at - 1), tokens.at(number.after)
    if before in LARGE_WORDS or after in LARGE_WORDS or (before == "y" and tokens.at(number.at - 2) in LARGE_WORDS):
        return OtherUse.LARGER
    if scale_end(tokens, number.after) is not None or _behind_a_stroke(tokens, number):
        return None if is_pair(tokens, number) else OtherUse.FRACTION
    return _by_long_figures(tokens, number, before, after) if before or after else None


def _behind_a_stroke(tokens: Tokens, number: Number) -> bool:
    stroke = number.at - 1
    return tokens.at(stroke) == "/" and (is_figure(tokens.at(stroke - 1)) or (stroke > 0 and tokens.touch(stroke)))


def _by_long_figures(tokens: Tokens, number: Number, before: str, after: str) -> OtherUse | None:
    """Numbers below nought, telephone numbers and dates in figures."""
    if before == "-" and _is_minus(tokens, number.at - 1):
        return OtherUse.LARGER
    if before == "#" and number.at > 1:
        return OtherUse.PLACE_IN_ORDER
    if not (before[:1] in _MAKES_LONG or after[:1] in _MAKES_LONG):
        return None
    if _part_of_long_figure(tokens, number):
        return OtherUse.PHONE
    return OtherUse.DATE if _figures_in_a_chain(tokens, number) > 2 else None  # noqa: PLR2004 - two may be a range


def is_pair(tokens: Tokens, number: Number) -> bool:
    """Two numbers on the scale about one stroke, with no third: "7/3" may be mood and pain."""
    if tokens.at(number.after) == "/":
        first, other, beyond = number.at, number.after + 1, number.after + 2
    else:
        first, other, beyond = number.at - 2, number.at - 2, number.after
    return (
        bool(numeral(tokens.at(other)))
        and tokens.at(first - 1) != "/"
        and tokens.at(beyond) != "/"
        and not number.scaled
    )


def _is_minus(tokens: Tokens, at: int) -> bool:
    """The dash of "-3", not that of a list ("- 3"), of "pain-3" or of "7-3"."""
    return tokens.touch(at) and not (at and tokens.touch(at - 1) and is_word(tokens.at(at - 1)))


def _part_of_long_figure(tokens: Tokens, number: Number) -> bool:
    ahead = number.after + (tokens.at(number.after) in ("-", "(", "."))
    behind = number.at - 1 - (tokens.at(number.at - 1) in ("-", ")", "."))
    if tokens.at(number.after) == "-" and is_figure(tokens.at(ahead)) and not numeral(tokens.at(ahead)):
        return True
    return any(len(word) >= _PHONE_PART and word.isdecimal() for word in (tokens.at(ahead), tokens.at(behind)))


def _figures_in_a_chain(tokens: Tokens, number: Number) -> int:
    """How many figures are joined by dashes: "3-4-24" has three."""
    at, after = number.at, number.after
    while at > 1 and tokens.at(at - 1) == "-" and is_figure(tokens.at(at - 2)) and at > number.at - 8:
        at -= 2
    while tokens.at(after) == "-" and is_figure(tokens.at(after + 1)) and after < number.after + 8:
        after += 2
    links = (number.at - at + after - number.after) // 2
    return 1 + ("-" in tokens.words[number.at : number.after]) + links


def _by_what_follows(tokens: Tokens, number: Number) -> OtherUse | None:
    at = number.after
    if is_hedge(tokens.at(at), tokens.at(at + 1)):
        at += 2  # "6 or so weeks"
    if tokens.at(at) == "-" and tokens.at(at + 1).isalpha():
        at += 1  # "5-day"
    word = tokens.at(at)
    if not word.isalpha() and word not in USE_BEHIND:
        return OtherUse.PRAISE if number.scaled and _is_praise(tokens, at) else None
    if number.scaled:
        counted = word in USE_BEHIND or _is_plural(word)
        return OtherUse.PRAISE if _is_praise(tokens, at) else OtherUse.COUNT if counted else None
    return _by_next_word(tokens, number, at)


def _by_next_word(tokens: Tokens, number: Number, at: int) -> OtherUse | None:
    word, beyond = tokens.at(at), tokens.at(at + 1)
    if word in USE_BEHIND and not (word == "por" and beyond == "favor"):
        return USE_BEHIND[word]
    if word in MONTHS or (word in _OF and beyond in MONTHS):
        return OtherUse.DATE
    if _PARTS.length(tokens, at):
        return OtherUse.TIME
    if not STREETS.isdisjoint((word, beyond, tokens.at(at + 2))):
        return OtherUse.ADDRESS
    if word in SLANG_AFTER and tokens.at(number.at) in _SLANG:
        return OtherUse.SLANG
    more = word in _OF_MORE and beyond.isalpha() and beyond not in ("o", "or", "now")
    return OtherUse.COUNT if more or _is_plural(word) else None


def _is_praise(tokens: Tokens, at: int) -> bool:
    """Whether one of the next two words praises something: "10/10 would recommend"."""
    following = [word for word in tokens.words[at : at + 6] if is_word(word)][:3]
    return not PRAISE_AFTER.isdisjoint(following[:2]) and not {"be", "say"} & set(following[1:])


def _is_plural(word: str) -> bool:
    """Things that are counted ("2 pugs"); no word that is known to follow a score."""
    plural = word.endswith("s") and not word.endswith(_SINGULAR_ENDINGS)
    return plural and len(word) >= _SHORTEST_PLURAL and word.isalpha() and word not in _PLAIN


def _by_what_leads(tokens: Tokens, number: Number) -> OtherUse | None:
    before = tokens.at(number.at - 1)
    if number.scaled:
        dated = before in FOR_DATES and tokens.at(number.at + 1) == "/" and not _named_near(tokens, number)
        return OtherUse.DATE if dated else None
    if before in USE_AHEAD:
        return USE_AHEAD[before]
    if _is_hour(before, tokens.at(number.at - 2)):
        return OtherUse.TIME
    if before in MONTHS and not (before in ("may", "mar") and number.at > 1):
        return OtherUse.DATE
    alone = tokens.at(number.at) in SELDOM_NUMBERS and not _one_is_meant(tokens, number)
    return OtherUse.PRONOUN if alone else None


def _is_hour(before: str, earlier: str) -> bool:
    """As in "at 7" or "a las 7", but not "I'm at 7" or "pain at 3"."""
    if before in AT:
        return earlier not in PLACES_ON_SCALE
    return before == "las" and earlier in ("a", "como", "desde", "eran", "son")


def _named_near(tokens: Tokens, number: Number) -> bool:
    return any(tokens.at(number.at - back) in NAMES for back in (1, 2, 3))


def _one_is_meant(tokens: Tokens, number: Number) -> bool:
    """A "one" is a number by itself, in a range, or where a number is expected: "pain: one", "a ten"."""
    before, after = tokens.at(number.at - 1), tokens.at(number.after)
    follows = not after.isalpha() or after in NAMES or after in TRAIL or after in POLITE or numeral(after) is not None
    leads = not before.isalnum() or before in BEFORE_ONE or before in NAMES or numeral(before) is not None
    joined = before in ("and", "y", "now", "ahora", "to", "a", "hoy", "for")
    return number.after > number.at + 1 or ((leads or joined) and (follows or before in ARTICLES))


def _by_whom(tokens: Tokens, number: Number) -> OtherUse | None:
    """Praise of the clinic, and other people's scores: the nearest name or word of a person before the number says."""
    for back in range(number.at - 1, max(-1, number.at - 1 - _CLAUSE), -1):
        word = tokens.at(back)
        if word in NAMES:
            return OtherUse.SOMEBODY if tokens.at(back - 1) in THEIRS else None
        if word in ".;!?\n":
            return None
        if word in OTHERS:
            return OtherUse.SOMEBODY
        if word in PRAISED and number.scaled:
            return OtherUse.PRAISE
    return None
