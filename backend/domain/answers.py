"""Which check-in a text answers, and which scores it gives, corrects, confirms or leaves in doubt."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from backend.domain.protocol import WORD_ITEMS
from backend.domain.reading.answer_words import NUMBERS, word_set
from backend.domain.reading.normalise import fold
from backend.domain.replies import Reply, read_reply
from backend.domain.scores import Measure, Nrs, measures_among

# Which check-in ------------------------------------------------------------------------------------------------------

LANDING = timedelta(minutes=10)
"""A prompt that the carrier took and whose arrival it never reported counts as arrived after this long."""


class Prompted(NamedTuple):
    """A check-in's prompt as a text finds it. `out_at` is empty while it has not left, or when it got lost."""

    out_at: datetime | None
    arrived_at: datetime | None
    answer_by: datetime
    complete: bool


def which_answered(prompts: Sequence[Prompted], at: datetime) -> int | None:
    """The place in `prompts` (newest first) of the one that a text sent at this time answers; None when nothing was
    asked by then.

    That is the newest prompt the patient could have read. While nobody knows that it arrived, a check-in before it
    that still waits for its answer comes first.
    """
    out = [place for place, prompt in enumerate(prompts) if prompt.out_at is not None and prompt.out_at <= at]
    if not out:
        return None
    waiting = [place for place in out[1:2] if not prompts[place].complete and at <= prompts[place].answer_by]
    return waiting[0] if waiting and not _has_arrived(prompts[out[0]], at) else out[0]


def _has_arrived(prompt: Prompted, at: datetime) -> bool:
    if prompt.arrived_at is not None:
        return prompt.arrived_at <= at
    return prompt.out_at is not None and at - prompt.out_at >= LANDING


# What was said before ------------------------------------------------------------------------------------------------


class OfferState(StrEnum):
    """How an offer stands: waiting for yes, no or a number; or how it ended."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REPLACED = "replaced"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Offer:
    """A reading that was not sure, put to the patient as a question ("Did you mean 6 for mood?")."""

    measure: Measure
    value: Nrs


@dataclass(frozen=True, slots=True)
class SoFar:
    """What a check-in has been told before a text: its scores in the order given, and the readings that were offered.

    A measure is in `asked_again` once it was offered, however that ended: it is never offered twice.
    """

    given: Mapping[Measure, Nrs] = field(default_factory=dict)
    offered: Offer | None = None
    asked_again: frozenset[Measure] = frozenset()


# What a text says about it -------------------------------------------------------------------------------------------


class Corrects(StrEnum):
    """Whether a text takes back the score before it: "I meant 5" does, "sorry, 5" may just be polite."""

    NO = "no"
    MAYBE = "maybe"
    SURELY = "surely"


@dataclass(frozen=True, slots=True)
class Aside:
    """What a text says about earlier answers: yes or no to an offer, a correction, a number beyond them."""

    agrees: bool | None = None
    corrects: Corrects = Corrects.NO
    extra: bool = False


NOTHING_ASIDE = Aside()


_LONGEST_ASIDE = 60  # characters; more is a story, and a person reads it
_WORDS = re.compile(r"[a-z0-9_]+")
_STARRED = re.compile(r"\s*\*\s*[0-9]{1,2}\s*|\s*[0-9]{1,2}\s*\*\s*")
_TAKING_BACK = re.compile(
    r"\*|\b(?:(?:i )?meant?(?: to (?:say|put|write))?|(?:no,? )?wait|my mistake|mistyped|typo|(?:wh)?oops|actually"
    r"|correction|rather|sorry|digo|disculpe|quise decir|me equivoqu[eé]|perd[oó]n)\b",
    re.IGNORECASE,
)
"""What only says that a score is taken back, and so is left out when the score itself is read."""
_YES = word_set(
    """
    affirmative asi claro correct correcta correcto exact exactly exacto k ok ok_hand okay right si sip sure
    thumbsup y ya yea yeah yep yes yup
    """
)
_NO = word_set("incorrect incorrecto n nah negative no nope not wrong")
_AROUND_YES = word_set(
    """
    did do es eso gracias i is it its mean meant please quise decir thank thanks that thats the this you
    """
)
_TAKES_BACK = word_set(
    """
    actually correction digo equivoque mean meant mistake mistyped oops quise typo wait whoops
    """
)
_MAY_TAKE_BACK = word_set("disculpe perdon rather sorry")


def read_aside(text: str) -> Aside:
    """What a short text says about earlier answers ("yes", "no", "I meant 5"); nothing for a longer one."""
    words = _words(text)
    return Aside(agrees=None if "?" in text else _agrees(words), corrects=_corrects(text, words))


def _words(text: str) -> list[str]:
    return _WORDS.findall(fold(text)[0].replace("'", "")) if len(text) <= _LONGEST_ASIDE else []


def _agrees(words: Sequence[str]) -> bool | None:
    said = set(words)
    if said & _NO:
        return False if said <= _NO | _YES | _AROUND_YES else None
    return True if said & _YES and said <= _YES | _AROUND_YES else None


def _corrects(text: str, words: Sequence[str]) -> Corrects:
    """The words that take a score back stand before its number, or on either side of the only one."""
    numbers = [at for at, word in enumerate(words) if word.isdecimal() or word in NUMBERS]
    if not numbers:
        return Corrects.NO
    around = set(words[: numbers[0]]) | (set(words[numbers[0] :]) if len(numbers) == 1 else set())
    if around & _TAKES_BACK or _STARRED.fullmatch(text):
        return Corrects.SURELY
    return Corrects.MAYBE if around & _MAY_TAKE_BACK else Corrects.NO


# Reading an answer ---------------------------------------------------------------------------------------------------


def read_answer(text: str, awaiting: Sequence[str], so_far: SoFar, *, opted_out: bool = False) -> tuple[Reply, Aside]:
    """A text read as what it may answer: the questions still open, an offer, or scores given before."""
    if opted_out and _words(text) == ["yes"]:
        return read_reply(text, ()), NOTHING_ASIDE  # the carrier hears a plain YES as a wish for texts, and so do we
    if not so_far.given and so_far.offered is None:
        return read_reply(text, awaiting), NOTHING_ASIDE
    aside = read_aside(text)
    if aside.corrects is not Corrects.NO and so_far.given:
        return _read_correction(text, awaiting, so_far, aside)
    # A no to an offer is no answer to the questions in words that come after it.
    asked = [item for item in awaiting if item not in WORD_ITEMS] if so_far.offered else awaiting
    reply = read_reply(text, asked)
    beyond = not reply.scores and reply.words and not measures_among(awaiting) and bool(so_far.given)
    return reply, replace(aside, extra=beyond and bool(read_reply(text, tuple(so_far.given)).scores))


def _read_correction(text: str, awaiting: Sequence[str], so_far: SoFar, aside: Aside) -> tuple[Reply, Aside]:
    """A named score corrects its own measure, a bare one the score given last, two bare ones all that were given.

    A bare number that may be an answer as well as a correction stays in doubt; one among other words corrects nothing.
    """
    plain, as_asked = _TAKING_BACK.sub(" ", text), read_reply(text, awaiting)
    if aside.corrects is Corrects.MAYBE and measures_among(awaiting):
        named = read_reply(plain, ())
        return (named, replace(aside, corrects=Corrects.SURELY)) if named.scores else (as_asked, aside)
    for targets in ((), tuple(so_far.given)[-1:], tuple(measure for measure in Measure if measure in so_far.given)):
        reply = read_reply(plain, targets)
        if reply.scores and not reply.words:
            return reply, aside
    return as_asked, replace(aside, corrects=Corrects.NO)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a text's numbers come to. `scores` are stored: those in `corrected` in place of the former score, those in
    `unasked` with no check-in. What is in `doubts` is stored nowhere: somebody is asked.
    """

    scores: Mapping[Measure, Nrs] = field(default_factory=dict)
    corrected: frozenset[Measure] = frozenset()
    unasked: frozenset[Measure] = frozenset()
    beyond: frozenset[Measure] = frozenset()
    repeated: bool = False
    doubts: Mapping[Measure, Nrs] = field(default_factory=dict)
    settled: OfferState | None = None


def take(reply: Reply, aside: Aside, awaiting: Sequence[str], so_far: SoFar) -> Taken:
    """Sort the numbers of a text. Only what was read for sure, or confirmed, becomes a score."""
    if not reply.scores:
        return _answer_to_offer(reply, aside, so_far)
    asked, given = measures_among(awaiting), so_far.given
    doubts = {
        measure: reading.value
        for measure, reading in reply.scores.items()
        if not reading.sure
        or measure in reply.disagrees
        or (measure in asked and aside.corrects is Corrects.MAYBE and bool(given))
    }
    sure = {measure: reading.value for measure, reading in reply.scores.items() if measure not in doubts}
    again = {measure for measure in sure if measure in given and measure not in asked}
    repeated = {measure for measure in again if sure[measure] == given[measure]}
    corrected = again - repeated if aside.corrects is not Corrects.NO else set()
    scores = {measure: value for measure, value in sure.items() if measure not in repeated}
    return Taken(
        scores=scores,
        corrected=frozenset(corrected),
        unasked=frozenset(scores.keys() - set(asked) - corrected),
        beyond=frozenset(again - repeated - corrected),
        repeated=bool(repeated),
        doubts=doubts,
        settled=_settled(so_far.offered, scores, doubts),
    )


def _answer_to_offer(reply: Reply, aside: Aside, so_far: SoFar) -> Taken:
    offered = so_far.offered
    if offered is None or aside.agrees is None or reply.keyword is not None:
        return Taken()
    if not aside.agrees:
        return Taken(settled=OfferState.REFUSED)
    corrected = {offered.measure} & so_far.given.keys()
    return Taken({offered.measure: offered.value}, frozenset(corrected), settled=OfferState.CONFIRMED)


def _settled(offered: Offer | None, scores: Mapping[Measure, Nrs], doubts: Mapping[Measure, Nrs]) -> OfferState | None:
    if offered is None:
        return None
    if offered.measure in doubts:
        return OfferState.UNCLEAR
    if offered.measure in scores:
        return OfferState.CONFIRMED if scores[offered.measure] == offered.value else OfferState.REPLACED
    return None


# In words ------------------------------------------------------------------------------------------------------------


class Told(StrEnum):
    """How a question in words was answered; `UNASKED` when what came before it went to a person instead."""

    NONE = "none"
    REPORTED = "reported"
    UNASKED = "unasked"


def word_answers(awaiting: Sequence[str], reply: Reply) -> dict[str, Told]:
    """What a text answers of the questions in words: a no the first of them, or all; any words the first, and then a
    person takes over and the others are not asked.
    """
    waiting = [item for item in awaiting if item in WORD_ITEMS]
    if reply.declines:
        return dict.fromkeys(waiting if reply.declines_all else waiting[:1], Told.NONE)
    if not waiting or not reply.words or len(waiting) < len(awaiting):
        return {}
    return dict.fromkeys(waiting[:1], Told.REPORTED) | dict.fromkeys(waiting[1:], Told.UNASKED)


# In the order they were sent -----------------------------------------------------------------------------------------


class Said(NamedTuple):
    """One text of a check-in, when it was sent, and the scores it gave by saying yes to an offer."""

    id: UUID
    body: str
    at: datetime
    confirmed: Mapping[Measure, Nrs]


class Given(NamedTuple):
    """A score, and the text that gave it."""

    value: Nrs
    text: UUID


@dataclass(frozen=True, slots=True)
class InOrder:
    """What a check-in's texts say together: its scores, in the order given, what was said but not for sure, and the
    named scores that nobody had asked for (by text and measure).
    """

    told: Mapping[Measure, Given] = field(default_factory=dict)
    doubted: frozenset[Measure] = frozenset()
    unasked: frozenset[tuple[UUID, Measure]] = frozenset()


def in_order_of_asking(
    left: Sequence[str], offered_at: Mapping[str, datetime], at: datetime, doubted: frozenset[str]
) -> tuple[str, ...]:
    """What bare numbers sent at this time answer, in turn: first a reading that had been offered by then, which is the
    question asked last; last what the patient had spoken of already, unclearly, while no question about it was there.
    """

    def turn(item: str) -> int:
        if item in offered_at and offered_at[item] <= at:
            return 0
        return 2 if item in doubted else 1

    return tuple(sorted(left, key=turn)) if offered_at or doubted else tuple(left)


def read_in_turn(asks: Sequence[str], said: Sequence[Said], offered_at: Mapping[str, datetime]) -> InOrder:
    """The scores that a check-in's texts give when they are read in the order they were sent.

    Needed when one that was sent earlier comes, or is understood, later: then the numbers after it answered other
    questions than was thought.
    """
    told: dict[Measure, Given] = {}
    doubted: frozenset[Measure] = frozenset()
    unasked: set[tuple[UUID, Measure]] = set()
    for text in said:
        left = [item for item in asks if item not in told]
        awaiting = in_order_of_asking(left, offered_at, text.at, doubted)
        so_far = SoFar({measure: score.value for measure, score in told.items()})
        reply, aside = read_answer(text.body, awaiting, so_far)
        taken = take(reply, aside, awaiting, so_far)
        fresh = {measure: value for measure, value in taken.scores.items() if measure not in taken.unasked}
        if not reply.scores and read_aside(text.body).agrees:
            fresh = dict(text.confirmed)
        for measure, value in fresh.items():
            told.pop(measure, None)  # the score given last stands last: a correction means that one
            told[measure] = Given(value, text.id)
        doubted |= taken.doubts.keys()
        unasked |= {(text.id, measure) for measure in taken.unasked}
    return InOrder(told, doubted - told.keys(), frozenset(unasked))
