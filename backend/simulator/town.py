"""The town: everybody in it, the real services, and time that jumps from one thing that happens to the next."""

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from backend.messaging.twilio_signature import SignatureCheck
from backend.services.cases.losses import on_failure
from backend.services.house import Clinical, House
from backend.services.texting import inbox, outbox
from backend.simulator import wordings
from backend.simulator.agenda import Agenda, Clock
from backend.simulator.carrier import Carrier, Crash, Reply
from backend.simulator.desk import File
from backend.simulator.dice import dice_of
from backend.simulator.due import Due, DueWork, due_at
from backend.simulator.faults import Faults
from backend.simulator.patients import Handset, Town, some_person
from backend.simulator.phrasebook import Phrasebook
from backend.simulator.places import COUNTRIES, Place, places_with
from backend.simulator.staff import Team
from backend.store.database import db
from backend.store.texts import parse_reference
from jobs.ticks import Senders, Tick, ticks

NOWHERE = "http://simulator.invalid"
OPERATOR = "+15005550006"
MOST_ROUNDS = 50
"""Of one moment; a town that has not come to rest by then goes on a minute later."""
A_WHILE = timedelta(minutes=1)
ARRIVE_WITHIN = 0.6
"""The part of the days in which new patients come, so that most are followed for weeks."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played."""

    patients: int
    days: int
    seed: int
    starts_on: date
    faults: Faults = field(default_factory=Faults)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.starts_on, time(6), tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(days=self.days)


class Simulation:
    """One town on the database of the current application, which is empty but for its schema."""

    def __init__(self, clinical: Clinical, wanted: Wanted) -> None:
        self.wanted = wanted
        self.clock = Clock(wanted.starts_at)
        self._agenda = Agenda(self.clock)
        self._carrier = Carrier(self.clock, self._agenda, wanted.seed, wanted.faults)
        self.house = House(
            clinical=clinical,
            gateway=self._carrier,
            signature=SignatureCheck(public_url=NOWHERE, tokens=()),
            now=self.clock.now,
            machine_now=self.clock.now,
            public_url=NOWHERE,
            operator_contact=OPERATOR,
            heartbeat_url=None,
            carrier_is_real=False,
        )
        self._carrier.product, self._carrier.on_handset = Line(self.house), self._hears
        self._carrier.on_lost = self._look_for_lost
        self._ticks = ticks(Senders(AtOnce))
        self._ran_at: dict[str, datetime] = {}
        self._not_before: dict[str, datetime] = {}
        self._due_work = DueWork(clinical.protocol.conversation.remind_after)
        self._due: Due = {}
        self._is_stale = False
        self._phones: dict[tuple[str, str], Handset] = {}
        self._settle_in()

    # The people

    def _settle_in(self) -> None:
        wanted = self.wanted
        book = Phrasebook(self.house.clinical.texts)
        town = Town(self.clock, self._agenda, wanted.seed, wanted.ends_at, self._carrier.text, book, self._phones)
        teams = [Team(town, self.house, place, n) for n, place in enumerate(places_with(self.house.clinical.packs))]
        for team in teams:
            self._phones |= {(member.number, team.clinic_number): member for member in team.members}
            self._plan_strangers(town, team.clinic_number, team.place)
        dice = dice_of(wanted.seed, "arrivals")
        for number in range(wanted.patients):
            team = dice.choices(teams, [team.place.share for team in teams])[0]
            person = some_person(town, number, team.place, team.clinic_number)
            self._phones[person.number, team.clinic_number] = person
            arrives = wanted.starts_at + timedelta(days=dice.uniform(0, wanted.days * ARRIVE_WITHIN))
            File(person, team.clinic_id, self.house).open_on(arrives)

    def _plan_strangers(self, town: Town, clinic_number: str, place: Place) -> None:
        """Now and then somebody texts whom the clinic does not know."""
        dice, at = dice_of(self.wanted.seed, "strangers", clinic_number), self.wanted.starts_at
        while (at := at + timedelta(days=dice.expovariate(1 / 30))) < self.wanted.ends_at:
            number = COUNTRIES[place.country].number(900_000 + dice.randrange(90_000))
            words = wordings.one_of(dice.choice([wordings.WRONG_NUMBER, wordings.QUESTIONS]), "en", dice)
            self._agenda.put(at, lambda number=number, words=words: town.text(number, clinic_number, words, 0))  # type: ignore[misc]

    def _hears(self, number: str, sender: str, body: str) -> None:
        person = self._phones.get((number, sender))
        if person is not None:
            person.hears(body)

    def _look_for_lost(self) -> None:
        """The clock asks the carrier for lost texts every minute; here when there is one."""
        for tick in self._ticks:
            if tick.name == "take in missed":
                self._run(tick, self.clock.now())

    # Time

    def play(self, shown: Callable[[datetime], None] = lambda _at: None) -> None:
        """Everything from the first day to the last."""
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it again and again takes a tenth of the time
        often = gc.get_threshold()
        gc.set_threshold(50_000, 20, 50)
        self._ask_what_is_due()
        while (at := self._next_at()) is not None and at < self.wanted.ends_at:
            self.clock.move_to(at)
            self._moment()
            shown(self.clock.now())
        self.clock.move_to(self.wanted.ends_at)
        self._moment(every_tick=True)
        self._moment(every_tick=True)
        shown(self.clock.now())
        self._due_work.close()
        gc.set_threshold(*often)

    def _next_at(self) -> datetime | None:
        times = [self._agenda.next_at(), *(self._tick_at(tick) for tick in self._ticks)]
        return min((at for at in times if at is not None), default=None)

    def _tick_at(self, tick: Tick) -> datetime | None:
        at = due_at(tick.name, self._due, self._ran_at, self.wanted.starts_at)
        return None if at is None else max(at, self._not_before.get(tick.name, at))

    def _moment(self, *, every_tick: bool = False) -> None:
        """All that happens now, and what follows from it at once."""
        for _ in range(MOST_ROUNDS):
            done, now = self._agenda.do_due(), self.clock.now()
            self._is_stale = self._is_stale or done > 0
            if done > self._carrier.count_arrived():  # from an arrival no work follows; at worst some goes
                self._ask_what_is_due()
            due = self._ticks if every_tick else self._due_ticks(now)
            for tick in due:
                self._run(tick, now)
            if due:
                self._ask_what_is_due()
            if every_tick or not (done or due):
                return
        self._not_before |= {tick.name: self.clock.now() + A_WHILE for tick in self._ticks}

    def _due_ticks(self, now: datetime) -> Sequence[Tick]:
        due = [tick for tick in self._ticks if (at := self._tick_at(tick)) is not None and at <= now]
        if not (due and self._is_stale):
            return due
        self._ask_what_is_due()
        return self._due_ticks(now)

    def _ask_what_is_due(self) -> None:
        self._due, self._is_stale = self._due_work.next(), False

    def _run(self, tick: Tick, now: datetime) -> None:
        self._ran_at[tick.name] = now
        try:
            done = tick.work(self.house)
        except Crash:
            db.session.rollback()
            return
        if not done:  # whatever keeps it from its work, it does not stop the town's time
            self._not_before[tick.name] = now + A_WHILE


class Line:
    """The clinics' end of the carrier's line: what the webhooks do, without the web."""

    def __init__(self, house: House) -> None:
        self._house = house

    def text_came(self, parameters: dict[str, str], *, dies: bool) -> Reply | None:
        kept = inbox.receive(parameters, self._house)
        if dies:
            return None
        answer = inbox.understand(kept, self._house, by="twiml")
        return None if answer is None else Reply(answer.reference, answer.body)

    def report_came(self, reference: str, message_sid: str, status: str, error_code: int | None) -> None:
        key = parse_reference(reference)
        assert key is not None
        outbox.record_report(key, message_sid, status, error_code, self._house, on_failure)


class AtOnce(ThreadPoolExecutor):
    """A pool that does everything at once and in order, so that nothing depends on which thread is faster."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a pool does; a crash is none and goes on
            future.set_exception(error)
        return future
