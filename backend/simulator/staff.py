"""The clinics' people: a rota, phones that are paged, cases that are taken and closed, or are not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from backend.domain.concerns import Priority
from backend.domain.escalation import NOTE_REQUIRED, Outcome
from backend.services.cases import acting
from backend.services.clinic import protocols, setting_up
from backend.services.clinic.answering import NewHours, set_hours
from backend.services.clinic.hours import STAFFED
from backend.services.house import House
from backend.services.invalid import Conflict
from backend.services.patients.standing import set_standing
from backend.simulator.dice import around, dice_of
from backend.simulator.patients import Town
from backend.simulator.places import COUNTRIES, Place
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.work import Key

ACTOR = "simulator"
_CASE = re.compile(r"\b([A-Z]+) case (\d+)\b")
_TAKEN = re.compile(r"\bCase (\d+) is yours\b")
_ROUNDS = (time(9, 10), time(13, 30), time(16, 20))
"""When the queue is looked through, local time."""
_DAY_BEGINS, _NIGHT_BEGINS = time(8), time(20)

# How likely a page is answered, and after how long; how long until there is an outcome.
_ANSWERS = {Priority.STAT: 0.93, Priority.ASAP: 0.88, Priority.URGENT: 0.75, Priority.ROUTINE: 0.5}
_MINUTES = {Priority.STAT: 4, Priority.ASAP: 11, Priority.URGENT: 25, Priority.ROUTINE: 60}
_OUTCOME_MINUTES = {Priority.STAT: 14, Priority.ASAP: 45, Priority.URGENT: 90, Priority.ROUTINE: 60}
_OUTCOMES = {
    Outcome.REACHED: 55, Outcome.LEFT_MESSAGE: 14, Outcome.NOT_REACHED: 7, Outcome.FALSE_ALARM: 12,
    Outcome.NO_ACTION_NEEDED: 12,
}  # fmt: skip
_OUTCOMES_OF_STAT = {
    Outcome.REACHED: 62, Outcome.CRISIS_LINE: 10, Outcome.EMERGENCY_DEPARTMENT: 8, Outcome.WELFARE_CHECK: 5,
    Outcome.FALSE_ALARM: 10, Outcome.NOT_REACHED: 5,
}  # fmt: skip
_TEAM = (("Noor", "responder"), ("Bea", "responder"), ("Vera", "clinician"), ("Dov", "manager"), ("Ada", "auditor"))


@dataclass(slots=True)
class Member:
    """Somebody at a clinic, with the phone in hand."""

    team: "Team"
    key: Key
    number: str
    role: str
    dice: Random

    def hears(self, body: str) -> None:
        if taken := _TAKEN.search(body):
            self.team.will_close(self, int(taken.group(1)))
        elif page := _CASE.search(body):
            self._is_paged(Priority.from_label(page.group(1).lower()), int(page.group(2)))

    def _is_paged(self, priority: Priority, case: int) -> None:
        if self.dice.random() >= _ANSWERS[priority]:
            return
        wait = around(self.dice, timedelta(minutes=_MINUTES[priority]), 0.7)
        if self.dice.random() < 0.6:
            self.team.town.agenda.put_in(wait, lambda: self._acknowledge_by_text(case))
        else:
            self.team.town.agenda.put_in(wait, lambda: self.team.take(self, case))

    def _acknowledge_by_text(self, case: int) -> None:
        self.team.town.text(self.number, self.team.clinic_number, f"ACK {case}", 0)


class Team:
    """One clinic and its people."""

    def __init__(self, town: Town, house: House, place: Place, number: int) -> None:
        self.town, self.place, self._house = town, place, house
        self._dice = dice_of(town.seed, "team", number)
        self._zone = ZoneInfo(place.zone)
        self._numbers = (COUNTRIES[place.country].number(number * 10 + n) for n in range(10))
        self.clinic_number = next(self._numbers)
        clinic = setting_up.add_clinic(
            house.clinical, town.clock.now(), name=place.name, number=self.clinic_number, timezone=place.zone,
            country=place.country, phone=next(self._numbers),
        )  # fmt: skip
        self.clinic_id = clinic.id
        if not place.nights:
            set_hours(clinic, NewHours(mode=STAFFED), ACTOR, house)
        if place.asks_more_later:
            now = town.clock.now()
            town.agenda.put(now + (town.ends_at - now) * 0.4, self._ask_for_sleep_too)
        self.members = [self._join(clinic, number, name, role) for name, role in _TEAM]
        self._stand_on_call()
        self._next_rounds()

    def _join(self, clinic: Clinic, team: int, name: str, role: str) -> Member:
        person = setting_up.add_staff(
            clinic, self.town.clock.now(), name=name, email=f"{name.lower()}@clinic{team}.example",
            phone=next(self._numbers), role=role,
        )  # fmt: skip
        key = (person.clinic_id, person.id)
        return Member(self, key, person.phone, role, dice_of(self.town.seed, "staff", team, name))

    def _stand_on_call(self) -> None:
        """By day the two nurses in turn, at night the clinician, if anybody."""
        first = self.town.clock.now().astimezone(self._zone).date()
        for day in range(7):
            on = first + timedelta(days=day)
            begins, ends = (datetime.combine(on, at, tzinfo=self._zone) for at in (_DAY_BEGINS, _NIGHT_BEGINS))
            self._shift(self.members[0 if day % 7 < 4 else 1], begins, ends)
            if self.place.nights:
                next_day = datetime.combine(on + timedelta(days=1), _DAY_BEGINS, tzinfo=self._zone)
                self._shift(self.members[2], ends, next_day)

    def _shift(self, member: Member, starts_at: datetime, ends_at: datetime) -> None:
        setting_up.add_shift(
            db.session.get_one(Staff, member.key),
            self.town.clock.now(),
            starts_at=starts_at,
            ends_at=ends_at,
            weekly=True,
        )

    def _ask_for_sleep_too(self) -> None:
        clinic = db.session.get_one(Clinic, self.clinic_id)
        overrides = {"optional_items": ["sleep"], "check_ins": {"day_3": 2}}
        protocols.change_protocol(clinic, overrides, "Our patients sleep badly.", ACTOR, self._house)

    # Cases

    def take(self, member: Member, case: int) -> None:
        """From the console."""
        row = self._case(case)
        if row is None or row.resolved_at is not None:
            return
        self._take(member, (row.clinic_id, row.id), case)

    def _take(self, member: Member, key: Key, case: int) -> None:
        try:
            acting.take(key, db.session.get_one(Staff, member.key), "console", self._house)
        except Conflict:  # a colleague was faster
            db.session.rollback()
            return
        self.will_close(member, case)

    def will_close(self, member: Member, case: int) -> None:
        row = self._case(case)
        if row is None or self._dice.random() < 0.04:  # forgets it, and is reminded
            return
        wait = around(self._dice, timedelta(minutes=_OUTCOME_MINUTES[Priority(row.priority)]), 0.6)
        self.town.agenda.put_in(wait, lambda: self._close(member, case))

    def _close(self, member: Member, case: int) -> None:
        row = self._case(case)
        if row is None or row.resolved_at is not None:
            return
        likely = _OUTCOMES_OF_STAT if row.priority == Priority.STAT else _OUTCOMES
        outcome = self._dice.choices(list(likely), list(likely.values()))[0]
        note = "Called back about it." if outcome in NOTE_REQUIRED or self._dice.random() < 0.3 else ""
        staff = db.session.get_one(Staff, member.key)
        acting.resolve((row.clinic_id, row.id), staff, outcome.value, note, self._house)

    def _case(self, number: int) -> Escalation | None:
        mine = select(Escalation).where(Escalation.clinic_id == self.clinic_id, Escalation.number == number)
        return db.session.scalars(mine.execution_options(populate_existing=True)).one_or_none()

    # Rounds

    def _next_rounds(self) -> None:
        """Look through the queue today; tomorrow again."""
        today = self.town.clock.now().astimezone(self._zone).date()
        for at in _ROUNDS:
            self._put(today, at, self._look_through_queue)
        self._put(today, time(16, 45), self._end_holds)
        self._put(today + timedelta(days=1), time(0, 5), self._next_rounds)

    def _put(self, day: date, at: time, deed: Callable[[], None]) -> None:
        moment = datetime.combine(day, at, tzinfo=self._zone)
        if moment >= self.town.clock.now():
            self.town.agenda.put(moment.astimezone(self.town.clock.now().tzinfo), deed)

    def _look_through_queue(self) -> None:
        weekend = self.town.clock.now().astimezone(self._zone).weekday() >= 5
        waiting = (
            select(Escalation.id, Escalation.number)
            .where(
                Escalation.clinic_id == self.clinic_id,
                Escalation.resolved_at.is_(None),
                Escalation.acknowledged_by.is_(None),
            )
            .order_by(Escalation.priority.desc(), Escalation.number)
        )
        for case_id, number in db.session.execute(waiting).all():
            if self._dice.random() < (0.4 if weekend else 0.8):
                self._take(self._dice.choice(self.members[:3]), (self.clinic_id, case_id), number)

    def _end_holds(self) -> None:
        """The clinician phones whom a closed crisis still holds, and lets the check-ins go on."""
        clinician = self.members[2]
        open_case = select(Escalation.patient_id).where(
            Escalation.clinic_id == self.clinic_id, Escalation.resolved_at.is_(None), Escalation.patient_id.is_not(None)
        )
        held = select(Patient.id).where(
            Patient.clinic_id == self.clinic_id, Patient.held_at.is_not(None), Patient.id.not_in(open_case)
        )
        for patient_id in db.session.scalars(held.order_by(Patient.id)).all():
            if self._dice.random() < 0.85:
                self._end_hold(patient_id, clinician)

    def _end_hold(self, patient_id: UUID, clinician: Member) -> None:
        staff = db.session.get_one(Staff, clinician.key)
        try:
            actor = acting.actor_of(staff)
            set_standing((self.clinic_id, patient_id), "resume", actor, self._house, clinician=staff)
        except Conflict:
            db.session.rollback()
