"""The town's patients: who they are, how they are, and what they text, when they do."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Protocol
from zoneinfo import ZoneInfo

from backend.simulator import wordings
from backend.simulator.agenda import Agenda, Clock
from backend.simulator.courses import Course, some_course
from backend.simulator.dice import around, dice_of
from backend.simulator.phrasebook import Phrasebook
from backend.simulator.places import COUNTRIES, FAMILY, GIVEN, Place
from backend.simulator.wordings import one_of

ANSWERED = 0.77
"""The part of prompts that people mean to answer within hours at first, so that 65-75 % are (clinical notes 7)."""
TIRING = 0.985
WAKES, SLEEPS = time(7), time(23)
_FLAGS = {
    "bipolar": 0.08, "postpartum": 0.02, "si_baseline": 0.10, "sud": 0.07, "coronary": 0.03, "glaucoma": 0.02,
    "alcohol": 0.05, "crps": 0.07,
}  # fmt: skip
_OFFERED = re.compile(r"\b(10|[0-9])\b")

Texting = Callable[[str, str, str, int], None]
"""Send a text: from, to, words, photos."""


class Handset(Protocol):
    """Whoever has a phone in hand."""

    def hears(self, body: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody answers: how often, how soon, both numbers together, with words, and what else they do."""

    answers: float
    wait: timedelta
    together: float
    chatty: float
    leaves: float


@dataclass(slots=True)
class Town:
    """What of the town everybody in it needs."""

    clock: Clock
    agenda: Agenda
    seed: int
    ends_at: datetime
    text: Texting
    phrasebook: Phrasebook
    phones: dict[tuple[str, str], "Handset"]
    """Who has the phone with a number that a clinic's number texts."""


@dataclass(slots=True)
class Person:
    """One patient, with the phone in hand."""

    town: Town
    place: Place
    clinic_number: str
    place_in_town: int
    number: str
    given_name: str
    family_name: str
    zone: str
    language: str
    track: str
    flags: tuple[str, ...]
    course: Course
    habits: Habits
    is_stranger: bool
    """The clinic wrote the number down wrong: somebody else has it."""
    dice: Random
    treated_at: list[datetime] = field(default_factory=list)
    prompts: int = 0
    asked: str = ""
    has_left: bool = False
    is_answering: bool = False

    def has_a_new_number(self) -> str:
        """From now on the old one reaches nobody."""
        self.answers_no_more()
        self.number = COUNTRIES[self.place.country].number(500_000 + self.place_in_town)
        self.town.phones[self.number, self.clinic_number] = self
        return self.number

    def answers_no_more(self) -> None:
        self.town.phones.pop((self.number, self.clinic_number), None)

    # What comes in

    def hears(self, body: str) -> None:
        name = self.town.phrasebook.name_of(body, self.place.country, self.language)
        kind, _, what = name.partition("_")
        if kind == "prompt":
            self.asked = what
            self._is_asked(self._chance_to_answer())
        elif kind == "reminder":
            self._is_asked(0.35)
        elif kind == "ask" and self.dice.random() < 0.97:
            self.asked = what
            self._answer_in(around(self.dice, timedelta(minutes=3)), lambda: self._words_about(what))
        elif name == "confirm_number":
            self._answer_in(around(self.dice, timedelta(minutes=20)), lambda: "1")
        elif kind == "confirm" and self.dice.random() < 0.9:
            offered = _OFFERED.search(body)
            self._answer_in(around(self.dice, timedelta(minutes=3)), lambda: offered.group() if offered else "5")
        elif kind == "crisis" and self.dice.random() < 0.35:
            self._answer_in(around(self.dice, timedelta(minutes=12)), lambda: self._one_of(wordings.AFTER_CRISIS))
        elif kind == "welcome" and self.dice.random() < 0.04:
            self._answer_in(around(self.dice, timedelta(minutes=30)), lambda: "ok")

    def _is_asked(self, likely: float) -> None:
        if self.is_answering:
            return
        if self.is_stranger:
            likely, self.asked = likely / 2, "stranger"
        elif self.dice.random() < self.habits.leaves:
            self._answer_in(around(self.dice, timedelta(minutes=10)), self._leave)
            return
        roll, what = self.dice.random(), self.asked
        if roll < likely:
            self._answer_in(around(self.dice, self.habits.wait, 1.1), lambda: self._words_about(what))
        elif roll < likely + 0.06:
            late = timedelta(hours=self.dice.uniform(26, 110))
            self._answer_in(late, lambda: self._words_about(what))

    def _chance_to_answer(self) -> float:
        self.prompts += 1
        return self.habits.answers * TIRING**self.prompts

    # What goes out

    def _answer_in(self, wait: timedelta, words: Callable[[], str]) -> None:
        self.is_answering = True
        at = self._awake(self.town.clock.now() + wait) + timedelta(seconds=59)
        self.town.agenda.put(at.replace(second=0), lambda: self._send(words))  # fewer moments are faster played

    def _send(self, words: Callable[[], str]) -> None:
        self.is_answering = False
        self.text(words())

    def text(self, body: str) -> None:
        photos = 1 if self.dice.random() < 0.003 else 0
        self.town.text(self.number, self.clinic_number, body, photos)

    def _awake(self, at: datetime) -> datetime:
        local = at.astimezone(ZoneInfo(self.zone))
        if WAKES <= local.time() < SLEEPS or self.dice.random() < 0.1:
            return at
        morning = local.date() + timedelta(days=1 if local.time() >= SLEEPS else 0)
        rises = datetime.combine(morning, WAKES, tzinfo=ZoneInfo(self.zone))
        return rises.astimezone(at.tzinfo) + timedelta(minutes=self.dice.randrange(120))

    def _words_about(self, what: str) -> str:
        if what == "stranger":
            return self._one_of(wordings.WRONG_NUMBER)
        mood, pain = self.course.scores(self.treated_at, self.town.clock.now(), self.dice)
        unusual = self._unusual(mood)
        return unusual or self._usual(what, mood, pain)

    def _unusual(self, mood: int) -> str:
        crisis = 0.004 + 0.010 * ("si_baseline" in self.flags) + 0.010 * (mood <= 2)
        kinds = (
            (wordings.CRISIS, crisis), (wordings.MEDICAL, 0.0015), (wordings.WORRYING, 0.004),
            (wordings.UNREADABLE, 0.02), (wordings.QUESTIONS, 0.008),
        )  # fmt: skip
        roll = self.dice.random()
        for words, likely in kinds:
            if roll < likely:
                return self._one_of(words)
            roll -= likely
        return ""

    def _usual(self, what: str, mood: int, pain: int) -> str:
        if what in ("mood", "pain"):
            return self._scores(what, mood, pain)
        if what == "safety":
            return self._one_of(wordings.SAFE if self.dice.random() < 0.985 else wordings.NOT_SAFE)
        if what in wordings.KINDS_OF_NONE:
            return self._one_of(wordings.NOTHING_WRONG if self.dice.random() < 0.94 else wordings.SIDE_EFFECTS)
        return wordings.one_score(
            min(max(mood + self.dice.randint(-1, 2), 0), 10), self.language, self.dice, chatty=False
        )

    def _scores(self, what: str, mood: int, pain: int) -> str:
        if what == "mood" and self.track == "both":
            roll = self.dice.random()
            if roll < self.habits.together:
                return wordings.both_scores(mood, pain, self.language, self.dice)
            if roll > 0.96:  # the second number in a text of its own, before anybody asks
                later = self.town.clock.now() + timedelta(seconds=self.dice.randint(4, 40))
                self.town.agenda.put(later, lambda: self.text(f"{pain}"))
        chatty = self.dice.random() < self.habits.chatty
        return wordings.one_score(mood if what == "mood" else pain, self.language, self.dice, chatty=chatty)

    def _leave(self) -> str:
        self.has_left = True
        if self.dice.random() < 0.25:
            back_at = self.town.clock.now() + timedelta(days=self.dice.uniform(1, 20))
            self.town.agenda.put(self._awake(back_at), self._come_back)
        return self.dice.choice(wordings.STOP) if self.dice.random() < 0.6 else self._one_of(wordings.LEAVING)

    def _come_back(self) -> None:
        self.has_left = False
        self.text("START")

    def _one_of(self, words: dict[str, tuple[str, ...]]) -> str:
        return one_of(words, self.language, self.dice)

    # Without being asked

    def plan_own_texts(self, since: datetime) -> None:
        """What this person will text unasked from now to the end."""
        at = since
        while (at := at + timedelta(days=self.dice.expovariate(1 / 110))) < self.town.ends_at:
            self.town.agenda.put(self._awake(at), self._text_unasked)

    def _text_unasked(self) -> None:
        if self.has_left or self.is_stranger:
            return
        kinds = [wordings.QUESTIONS, wordings.SIDE_EFFECTS, wordings.WORRYING, wordings.MEDICAL, wordings.CRISIS]
        self.text(self._one_of(self.dice.choices(kinds, [75, 12, 7, 2, 4])[0]))


def some_person(town: Town, number: int, place: Place, clinic_number: str) -> Person:
    dice, country = dice_of(town.seed, "patient", number), COUNTRIES[place.country]
    return Person(
        town=town,
        place=place,
        clinic_number=clinic_number,
        place_in_town=number,
        number=country.number(1000 + number),
        given_name=dice.choice(GIVEN),
        family_name=dice.choice(FAMILY),
        zone=place.zone if dice.random() < 0.6 else country.some_zone(dice),
        language="es" if dice.random() < country.spanish else "en",
        track=dice.choices(("both", "mood", "pain"), (80, 12, 8))[0],
        flags=tuple(flag for flag, likely in _FLAGS.items() if dice.random() < likely),
        course=some_course(dice),
        habits=_some_habits(dice),
        is_stranger=dice.random() < 0.01,
        dice=dice,
    )


def _some_habits(dice: Random) -> Habits:
    return Habits(
        answers=min(max(dice.gauss(ANSWERED, 0.18), 0.05), 0.99),
        wait=timedelta(minutes=dice.choice((8, 15, 25, 35, 35, 60))),
        together=dice.choice((0.05, 0.3, 0.6, 0.9)),
        chatty=dice.choice((0.0, 0.02, 0.1)),
        leaves=dice.choice((0.0, 0.004, 0.012)),
    )
