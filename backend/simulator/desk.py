"""The clinics' front desk: enrols people, writes down treatments (sometimes late, wrong or twice), and what changes."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.services.house import House
from backend.services.invalid import Conflict, NotFound
from backend.services.patients import enrolment, treatments
from backend.services.patients.enrolment import Consent, Enrolment
from backend.services.patients.standing import record_death, set_standing
from backend.services.patients.treatments import NewTreatment
from backend.services.texting.messages import send_to_patient
from backend.simulator.patients import Person
from backend.simulator.places import COUNTRIES
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.work import Key

ACTOR = "simulator"
_OPENS, _HOURS = time(9), 8


class File:
    """What the desk of one clinic does for one person, from the first visit on."""

    def __init__(self, person: Person, clinic: UUID, house: House) -> None:
        self._person, self._clinic, self._house = person, clinic, house
        self._town, self._dice = person.town, person.dice
        self.key: Key | None = None

    def open_on(self, day: datetime) -> None:
        self._town.agenda.put(self._in_hours(day), self._enrol)

    # Enrolling

    def _enrol(self) -> None:
        person, now, dice = self._person, self._town.clock.now(), self._dice
        mood, pain = person.course.scores((), now, dice)
        consent = Consent(now, "written", "consent form") if dice.random() < 0.98 else None
        new = Enrolment(
            given_name=person.given_name, family_name=person.family_name, phone=person.number, timezone=person.zone,
            language=person.language, country=person.place.country, track=person.track, flags=person.flags,
            consent=consent, baseline={"mood": mood, "pain": pain} if dice.random() < 0.7 else {},
        )  # fmt: skip
        patient = enrolment.enrol(db.session.get_one(Clinic, self._clinic), new, ACTOR, self._house)
        self.key = patient.clinic_id, patient.id
        self._plan_visits(now)
        self._plan_changes(now)
        person.plan_own_texts(now)

    def _plan_changes(self, since: datetime) -> None:
        left = (self._town.ends_at - since) / timedelta(days=1)
        deeds: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.04, self._move), (0.02, self._pause), (0.04, self._discharge), (0.10, self._write),
            (0.02, self._change_number), (0.004, self._is_told_of_a_death),
        )  # fmt: skip
        for likely, deed in deeds:
            if self._dice.random() < likely:
                self._do_on(since + timedelta(days=self._dice.uniform(2, max(left, 3))), deed)

    def _do_on(self, day: datetime, deed: Callable[[], None]) -> None:
        self._do_at(self._in_hours(day), deed)

    def _do_at(self, at: datetime, deed: Callable[[], None]) -> None:
        def attempt() -> None:
            try:
                deed()
            except (Conflict, NotFound):  # discharged meanwhile, or opted out: the desk is told and lets it be
                db.session.rollback()

        self._town.agenda.put(at, attempt)

    # Visits

    def _plan_visits(self, since: datetime) -> None:
        for number, day in enumerate(_visits(self._dice, since, self._town.ends_at)):
            self._plan_visit(number, self._in_hours(day))

    def _plan_visit(self, number: int, ended_at: datetime) -> None:
        dice = self._dice
        late = dice.random()
        if late < 0.90:
            wait = timedelta(minutes=dice.randint(0, 25))
        elif late < 0.97:
            wait = timedelta(hours=dice.uniform(1, 30))
        else:
            wait = timedelta(days=dice.uniform(2, 6))
        self._town.agenda.put(ended_at, lambda: self._person.treated_at.append(ended_at))
        self._do_at(ended_at + wait, lambda: self._record(number, ended_at))

    def _record(self, number: int, ended_at: datetime) -> None:
        dice, person = self._dice, self._person
        route = dice.choices(("iv", "im", "nasal", "oral", "topical", "other"), (66, 12, 10, 9, 2, 1))[0]
        home = route in ("nasal", "oral") and number > 0 and dice.random() < 0.6
        mood, pain = person.course.scores([at for at in person.treated_at if at < ended_at], ended_at, dice)
        new = NewTreatment(
            ended_at=ended_at, route=route, setting="home" if home else "clinic",
            series_id=f"series-{number // 6}" if number < 6 else None,
            baseline={"mood": mood, "pain": pain} if dice.random() < 0.75 else {},
            escort=dice.random() < 0.9, co_sedative=dice.random() < 0.08,
        )  # fmt: skip
        done = treatments.record_treatment(self._patient(), new, ACTOR, self._house)
        key, roll = (done.treatment.clinic_id, done.treatment.id), dice.random()
        if roll < 0.04:
            self._do_on(self._soon(), lambda: self._correct(key, ended_at))
        elif roll < 0.055:
            self._do_on(self._soon(), lambda: self._delete(key, ended_at))

    def _correct(self, key: Key, ended_at: datetime) -> None:
        moved = ended_at - timedelta(minutes=self._dice.choice((30, 60, 120, 240, 24 * 60)))
        sedated = db.session.get_one(Treatment, key).co_sedative
        changes = {"ended_at": moved} if self._dice.random() < 0.7 else {"co_sedative": not sedated}
        treatments.correct_treatment(key, changes, ACTOR, self._house)

    def _delete(self, key: Key, ended_at: datetime) -> None:
        treatments.delete_treatment(key, "entered for somebody else", ACTOR, self._house)
        self._person.treated_at.remove(ended_at)

    # What changes

    def _move(self) -> None:
        """To live in another zone of the country, if it has one."""
        zone = COUNTRIES[self._person.place.country].some_zone(self._dice)
        if zone != self._person.zone:
            enrolment.change(self._patient(), {"timezone": zone}, ACTOR, self._house)
            self._person.zone = zone

    def _change_number(self) -> None:
        number = self._person.has_a_new_number()
        enrolment.change(self._patient(), {"phone": number}, ACTOR, self._house)

    def _pause(self) -> None:
        self._stand("pause")
        self._do_on(self._town.clock.now() + timedelta(days=self._dice.uniform(3, 14)), lambda: self._stand("resume"))

    def _discharge(self) -> None:
        self._stand("discharge")

    def _is_told_of_a_death(self) -> None:
        record_death(self._known(), "the family phoned", ACTOR, self._house)
        self._person.answers_no_more()

    def _stand(self, act: str) -> None:
        set_standing(self._known(), act, ACTOR, self._house)

    def _write(self) -> None:
        send_to_patient(self._patient(), "Your next visit is booked, as you asked.", ACTOR, self._house)

    # Times and rows

    def _known(self) -> Key:
        assert self.key is not None
        return self.key

    def _patient(self) -> Patient:
        return db.session.get_one(Patient, self._known())

    def _soon(self) -> datetime:
        return self._town.clock.now() + timedelta(hours=self._dice.uniform(1, 70))

    def _in_hours(self, day: datetime) -> datetime:
        """That day, at some minute when the clinic is open."""
        zone = ZoneInfo(self._person.place.zone)
        opens = datetime.combine(day.astimezone(zone).date(), _OPENS, tzinfo=zone).astimezone(day.tzinfo)
        return max(opens + timedelta(minutes=self._dice.randrange(_HOURS * 60)), self._town.clock.now())


def _visits(dice: Random, since: datetime, until: datetime) -> list[datetime]:
    """A series of six over two or three weeks, or fewer, then a visit every three to six weeks (clinical notes 1b)."""
    days, day = [], since + timedelta(days=dice.uniform(0.5, 4))
    for _ in range(dice.choices((1, 2, 3, 4, 6), (20, 5, 5, 10, 60))[0]):
        days.append(day)
        day += timedelta(days=dice.choice((2, 3, 3, 4, 7)))
    keeps_coming = dice.random() < 0.6
    while keeps_coming and day < until:
        day += timedelta(days=dice.uniform(18, 40))
        days.append(day)
    return [day for day in days if day < until]
