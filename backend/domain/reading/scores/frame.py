"""What stands around a score: whether a number without a name is an answer, and which words say anything more."""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum

from backend.domain.reading.scores.numbers import Number
from backend.domain.reading.scores.numerals import is_figure, numeral
from backend.domain.reading.scores.tokens import Tokens, is_word
from backend.domain.reading.scores.vocabulary import (
    AGO,
    ARTICLES,
    BOTH,
    BOUNDS,
    CORRECTIONS,
    GOES_ON,
    HEDGED_AFTER,
    HEDGED_AFTER_PAIRS,
    HOLDERS,
    LEAD,
    MOVES,
    NAMES,
    NOW,
    OPENERS,
    PAST_PAIRS,
    POLITE,
    TRAIL,
    WAS,
)


class Answers(IntEnum):
    """Whether a number without a name answers what was asked."""

    NO = 0
    MAYBE = 1
    YES = 2


_PARTS = frozenset(".,;:!?\n)-&*")  # an opening bracket parts nothing: "(3/10)" may be a date
_SIGNS = frozenset('.,;:!=-/()"~+*&#>\x01\n[]{}_|^`')
_PAIRS = frozenset(
    tuple(pair.split()) for pair in (*PAST_PAIRS, *BOTH, *BOUNDS, *HEDGED_AFTER_PAIRS) if pair.count(" ") == 1
)
_FALLS = frozenset({"cayo", "fallen", "fell"})  # "I fell down" is no movement of a score
_MOVES_ON = frozenset({"from", "de", "to", "a", "down", "up", "desde", "now", "ahora", "hoy", "today", "about", "un"})
_IN_PAIRS = frozenset(word for pair in _PAIRS for word in pair)
_BEFORE = LEAD | POLITE | NOW | WAS | AGO | CORRECTIONS | {"both", "ambos", "ambas"}
_AFTER = (
    TRAIL
    | POLITE
    | NOW
    | AGO
    | HEDGED_AFTER - {"?"}
    | {"both", "ambos", "ambas", "and", "y", "each", "all", "lor", "then"}
)
_REACH = 16  # tokens looked back over for the start of a frame
# In a longer story, or behind so many tokens, no number without a name is surely an answer.
_SHORT, _DEEP = 25, 14


def answers(tokens: Tokens, number: Number, taken: set[int]) -> Answers:
    """A number answers if it stands by itself or in a frame ("i'd say a 7"), or says its scale in so many words."""
    opens, goes_on = _opens(tokens, number, taken), _goes_on(tokens, number)
    if len(tokens) > _SHORT or number.at > _DEEP:
        opens = min(opens, Answers.MAYBE)
    return Answers.MAYBE if number.scaled and opens is Answers.NO else min(opens, goes_on)


def _opens(tokens: Tokens, number: Number, taken: set[int]) -> Answers:
    for at in range(number.at - 1, max(-1, number.at - 1 - _REACH), -1):
        word = tokens.at(at)
        if at in taken or is_figure(word) or leads(tokens, at):
            continue
        if word in _PARTS or word in ("but", "pero"):
            return Answers.YES
        if not is_word(word):
            continue
        framed = not OPENERS.isdisjoint(tokens.words[at + 1 : number.at])
        return Answers.MAYBE if framed else Answers.NO
    return Answers.YES if number.at <= _REACH else Answers.MAYBE


def _goes_on(tokens: Tokens, number: Number) -> Answers:
    """A number that opens a longer remark ("2 kids at home") may be a count: the patient is asked."""
    after = tokens.at(number.after)
    plain = not is_word(after) or follows(tokens, number.after) or after in GOES_ON or after in NAMES
    return Answers.YES if plain or numeral(after) or number.scaled else Answers.MAYBE


def leads(tokens: Tokens, at: int) -> bool:
    """Whether a word leads up to a score."""
    word = tokens.at(at)
    if word == "no":
        ahead = tokens.at(at + 1)
        return not is_word(ahead) or is_figure(ahead) or ahead in CORRECTIONS
    if word in MOVES or word in ("but", "pero", "over", "than"):
        ahead = tokens.at(at + 1)
        if word in _FALLS:
            return ahead in ("from", "to") and is_figure(tokens.at(at + 2))
        return is_figure(ahead) or ahead in _MOVES_ON
    if word in HOLDERS:
        return tokens.at(at + 1) in ARTICLES or (word == "have" and tokens.at(at + 1) == "to")
    return word in _BEFORE or (word in _IN_PAIRS and _in_pair(tokens, at))


def follows(tokens: Tokens, at: int) -> bool:
    """Whether a word follows a score and says nothing more."""
    word = tokens.at(at)
    if word == "for":
        return tokens.at(at + 1) in ("me", "now", "today", "both", "each", "the")
    return word in _AFTER or (word in _IN_PAIRS and _in_pair(tokens, at))


def _in_pair(tokens: Tokens, at: int) -> bool:
    return (tokens.at(at - 1), tokens.at(at)) in _PAIRS or (tokens.at(at), tokens.at(at + 1)) in _PAIRS


def left_over(tokens: Tokens, used: Iterable[Sequence[int]], known: set[int]) -> list[str]:
    """The words and signs that are neither a score nor the words around one; `used` are the scores' own tokens."""
    explained = set(known)
    for score in used:
        explained.update(score)
    for score in used:
        _explain(tokens, explained, range(score[0] - 1, -1, -1), leads)
        _explain(tokens, explained, range(score[-1] + 1, len(tokens)), follows)
        if tokens.at(score[-1] + 1) == "?":
            explained.add(score[-1] + 1)
    return [word for at, word in enumerate(tokens.words) if at not in explained and word not in _SIGNS]


def _explain(tokens: Tokens, explained: set[int], places: Iterable[int], fits: Callable[[Tokens, int], bool]) -> None:
    for at in places:
        if at in explained or not is_word(tokens.at(at)):
            continue
        if not fits(tokens, at):
            return
        explained.add(at)
