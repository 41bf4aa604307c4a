"""A text to every fact in it that is not a concern, from scores to a wish for no more texts; no fact hides another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType

from backend.domain.protocol import WORD_ITEMS
from backend.domain.reading.answer_words import (
    AROUND_OPT_OUT,
    COMPLAINT,
    COURTEOUS,
    COURTESIES,
    DECLINES,
    DECLINES_ALL,
    MAY_STOP_FIRST,
    NOT_TEXTS_STOP,
    OPT_OUT_FORMS,
    OPT_OUT_PHRASES,
    SAFE,
    STATES,
    STOP_FIRST,
    UNSAFE,
    word_set,
)
from backend.domain.reading.normalise import fold
from backend.domain.reading.ratings import Reading, read_ratings
from backend.domain.reading.scores.disagreement import disagreements
from backend.domain.reading.scores.tokens import HALF, Tokens
from backend.domain.scores import Measure, measures_among

__all__ = ["Acknowledge", "Keyword", "Reading", "Reply", "read_reply"]


class Keyword(StrEnum):
    """What a carrier hears in a one-word text."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The staff command `ACK`, with the number of the case if one was given."""

    case: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """All facts read from one text."""

    scores: Mapping[Measure, Reading]
    keyword: Keyword | None
    keyword_word: str
    opts_out: bool
    acknowledges: Acknowledge | None
    safe: bool | None
    declines: bool
    declines_all: bool
    courtesy: bool
    words: bool
    spanish: bool
    disagrees: Mapping[Measure, tuple[int, int]] = field(default_factory=dict)


_KEYWORDS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ALTO"), Keyword.STOP
    ),
    **dict.fromkeys(("START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO", "AYUDA"), Keyword.HELP),
}
_SPANISH_SIGNALS = frozenset(
    {"ayuda", "alto", "espanol", "animo", "dolor", "gracias", "no mas", "siete", "ocho", "nueve"}
)

# By its first word, each phrase as it stands between spaces, also with an s at its end.
_OPT_OUT = {
    first: tuple(f" {phrase} " for phrase in phrases)
    for first, phrases in groupby(
        sorted(phrase + ending for phrase in OPT_OUT_PHRASES for ending in ("", "s")),
        key=lambda phrase: phrase.partition(" ")[0],
    )
}
_FORMS = [re.compile(form) for form in OPT_OUT_FORMS]
# No opt-out is without one of these.
_OPT_OUT_WORDS = frozenset(_OPT_OUT) | word_set(
    """
    alto baja basta borra borre borreme borren borrenme cancel cancelar cancele cancelen cease deja deje dejen delete
    deregister detenga detengan discontinue do dont elimina elimine elimineme eliminen eliminenme end erase lose never
    no nunca parar pare paren quit quita quite quiteme quiten quitenme remove saque saqueme saquen saquenme stop stopall
    stopp switch take turn unenroll unsub unsubscribe unsuscribe wrong ya
    """
)
_LONGEST_COURTESY = 6
_HALVES = str.maketrans(dict.fromkeys("½¼¾", HALF))
_OVER_AND_OVER = re.compile(r"([^\w\s\x00-\x7f])\1{2,}")

_ACKNOWLEDGES = re.compile(r"\s*ack(?:nowledged?)?\s*[#:]?\s*(?P<case>[0-9]{1,9})?\s*[.!]?\s*", re.IGNORECASE)


def read_reply(text: str, awaiting: Sequence[str] = ("mood", "pain")) -> Reply:
    """Every fact in a text, given what was last asked (items of `protocol.ASKS`; `()` for nothing).

    Concerns are not looked for here: `Screen` reads every text first. Never raises on any text.
    """
    asked = () if "safety" in awaiting else measures_among(awaiting)
    tokens = Tokens(fold(_calmed(text)))
    words = tokens.plain_words()
    plain = " ".join(words)
    keyword = _keyword(plain, awaiting)
    acknowledges = _acknowledges(text)
    safe = _safe(plain) if "safety" in awaiting else None
    ratings = read_ratings(tokens, asked)
    complete = bool(ratings.scores) and ratings.scores.keys() >= set(asked)
    alone, beside = plain if not ratings.scores else "", " ".join(ratings.left) if complete else ""
    in_words = not WORD_ITEMS.isdisjoint(awaiting)
    declines_all = in_words and (alone in DECLINES_ALL or beside in DECLINES_ALL)
    declines = declines_all or (in_words and (alone in DECLINES or beside in DECLINES))
    courtesy = _courtesy(text, words) and not (asked and not STATES.isdisjoint(words))
    besides = _besides_opt_out(ratings.left) if keyword is None else None
    understood = keyword is not None or acknowledges is not None or safe is not None or declines or courtesy
    understood = understood or (besides is not None and AROUND_OPT_OUT.issuperset(besides))
    return Reply(
        scores=MappingProxyType(dict(ratings.scores)),
        keyword=keyword,
        keyword_word=plain.upper() if keyword else "",
        opts_out=besides is not None,
        acknowledges=acknowledges,
        safe=safe,
        declines=declines,
        declines_all=declines_all,
        courtesy=courtesy,
        words=bool(ratings.left) and not understood,
        spanish=not _SPANISH_SIGNALS.isdisjoint(words),
        disagrees=disagreements(tokens, {measure: reading.value for measure, reading in ratings.scores.items()}),
    )


def _calmed(text: str) -> str:
    """The text with halves as a sign of their own, and with an emoji sent over and over kept twice; no place moves."""
    if text.isascii():
        return text
    return _OVER_AND_OVER.sub(lambda run: run[1] * 2 + " " * (len(run[0]) - 2), text.translate(_HALVES))


def _keyword(plain: str, awaiting: Sequence[str]) -> Keyword | None:
    if plain == "yes" and not awaiting:
        return Keyword.START
    return _KEYWORDS.get(plain.upper())


def _acknowledges(text: str) -> Acknowledge | None:
    command = _ACKNOWLEDGES.fullmatch(text) if len(text) <= 40 else None  # noqa: PLR2004 - longer is no command
    if command is None:
        return None
    return Acknowledge(int(command["case"]) if command["case"] else None)


def _safe(plain: str) -> bool | None:
    if plain in SAFE:
        return True
    return False if plain in UNSAFE else None


def _courtesy(text: str, words: Sequence[str]) -> bool:
    """The whole text is politeness: nothing in it needs a person."""
    if not 0 < len(words) <= _LONGEST_COURTESY or "?" in text:
        return False
    return COURTESIES.issuperset(words) and not COURTEOUS.isdisjoint(words)


def _besides_opt_out(words: Sequence[str]) -> Sequence[str] | None:
    """What else a text says that wishes for no more texts; None if it has no such wish.

    Any reasonable wording revokes consent (FCC): an opening "stop" with more behind it, or words that ask for it.
    """
    said = _OPT_OUT_WORDS.intersection(words)
    if not said:
        return None
    plain = f" {' '.join(words)} "
    rest = plain
    for form in _FORMS:
        rest = form.sub("  ", rest)
    if rest != plain or not _about_a_symptom(plain):
        for phrase in (phrase for word in _OPT_OUT.keys() & said for phrase in _OPT_OUT[word]):
            rest = rest.replace(phrase, "  ")
    if rest != plain:
        return [word for word in rest.split() if word not in STOP_FIRST]
    return words[1:] if _opens_with_stop(words) else None


def _opens_with_stop(words: Sequence[str]) -> bool:
    first, following = words[0], words[1] if len(words) > 1 else "please"
    if first in STOP_FIRST:
        return following not in COMPLAINT
    return first in MAY_STOP_FIRST and following in AROUND_OPT_OUT and following not in COMPLAINT


def _about_a_symptom(plain: str) -> bool:
    """Asking for the pain to stop is asking for help, not for silence."""
    if any(f" {phrase} " in plain for phrase in NOT_TEXTS_STOP):
        return True
    asked = plain.partition(" please stop ")[2].split(" ", 1)[0]
    return asked in COMPLAINT or (asked.endswith("ing") and asked not in AROUND_OPT_OUT)
