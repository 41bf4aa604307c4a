"""A patient's weeks as they may come: treatments late, corrected and deleted, moves, own hours, pauses, holds, a clock
that stands still. After every step the safety case holds, and every check-in has exactly one end.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from backend.domain.schedule import zone_named
from backend.services.invalid import Conflict, Invalid
from backend.services.operating.verify import breaches
from backend.services.patients import enrolment, standing, treatments
from backend.services.patients.planning import hold_patient, plan_of, replan
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.staff import Staff
from backend.store.work import transaction
from tests.journeys.weeks import live_until
from tests.town import Town

ZONES = (
    "America/New_York",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Europe/London",
    "Asia/Kathmandu",
    "Pacific/Honolulu",
)
OWN_HOURS = ((None, None), (time(9), time(11)), (time(17), time(20)), (time(12), None))
FLAGS: tuple[list[str], ...] = ([], ["postpartum"], ["bipolar", "si_baseline"])


class Weeks(RuleBasedStateMachine):
    """One patient of one clinic, and everything that staff, she and time may do to her plan."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="weeks-"))
        shutil.copy(self.empty, self.folder / "aftercare.db")
        self.town = Town(f"sqlite:///{self.folder}/aftercare.db", self.folder)
        self.town.found_clinics()
        self.patient = self.town.enrol_patient()
        self.key = (self.patient.clinic_id, self.patient.id)
        self.planned_anew = False
        self.town.settle()

    def teardown(self) -> None:
        self.town.close()
        shutil.rmtree(self.folder)

    # What staff do

    @rule(ago=st.integers(-20, 120))
    def record(self, ago: int) -> None:
        with suppress(Conflict):
            self.town.treat(self.patient, ended_at=self.town.clock.now() - timedelta(hours=ago))
            self.planned_anew = True

    @precondition(lambda self: self.treatments())
    @rule(which=st.integers(0, 9), hours=st.integers(-72, 72))
    def correct(self, which: int, hours: int) -> None:
        standing_ones = self.treatments()
        one = standing_ones[which % len(standing_ones)]
        with suppress(Invalid, Conflict), self.town.inside():
            changes = {"ended_at": one.ended_at + timedelta(hours=hours)}
            treatments.correct_treatment((one.clinic_id, one.id), changes, "test", self.town.house)
            self.planned_anew = True

    @precondition(lambda self: self.treatments())
    @rule(which=st.integers(0, 9))
    def delete(self, which: int) -> None:
        standing_ones = self.treatments()
        one = standing_ones[which % len(standing_ones)]
        with self.town.inside():
            treatments.delete_treatment((one.clinic_id, one.id), "never was", "test", self.town.house)
        self.planned_anew = True

    @rule(days=st.sampled_from([1, 7]), times=st.integers(2, 4))
    def series(self, days: int, times: int) -> None:
        """A daily or weekly regimen."""
        for _ in range(times):
            self.record(0)
            self.let_time_pass(24 * days)

    @rule(zone=st.sampled_from(ZONES), hours=st.sampled_from(OWN_HOURS), flags=st.sampled_from(FLAGS))
    def change(self, zone: str, hours: tuple[time | None, time | None], flags: list[str]) -> None:
        changes = {"timezone": zone, "window_opens": hours[0], "window_closes": hours[1], "flags": flags}
        with self.town.inside():
            enrolment.change(db.session.get_one(Patient, self.key), changes, "test", self.town.house)
        self.planned_anew = True

    @rule(act=st.sampled_from(["pause", "resume", "resume"]))
    def stand(self, act: str) -> None:
        with suppress(Conflict), self.town.inside():
            vera = db.session.get_one(Staff, (self.town.vera.clinic_id, self.town.vera.id))
            standing.set_standing(self.key, act, f"staff:{vera.id}", self.town.house, clinician=vera)

    @rule(items=st.sampled_from([[], ["sleep"]]))
    def change_protocol(self, items: Sequence[str]) -> None:
        with self.town.inside(), transaction() as session:
            clinic = session.get_one(Clinic, self.key[0])
            clinic.protocol_overrides = {"optional_items": list(items)}
            held = hold_patient(*self.key)
            assert held is not None
            replan(held, clinic, self.town.house)
        self.planned_anew = True

    # What the patient does

    @rule(words=st.sampled_from(["7 3", "2", "N", "good", "I want to die", "STOP", "START"]))
    def text(self, words: str) -> None:
        self.town.phone_of(self.patient).texts(words)

    # What time does

    @rule(hours=st.integers(1, 60))
    def let_time_pass(self, hours: int) -> None:
        live_until(self.town, self.town.clock.now() + timedelta(hours=hours))
        self.planned_anew = False

    @rule(hours=st.integers(1, 40))
    def stand_still(self, hours: int) -> None:
        """The clock process is down for so long, and comes back."""
        self.town.clock.advance(timedelta(hours=hours))
        self.town.settle()
        self.planned_anew = False

    # What must hold

    def treatments(self) -> list[Treatment]:
        with self.town.inside():
            mine = select(Treatment).where(Treatment.deleted_at.is_(None))
            return list(db.session.scalars(mine.order_by(Treatment.ended_at.desc(), Treatment.id.desc())))

    @invariant()
    def the_safety_case_holds(self) -> None:
        self.town.settle()
        with self.town.inside():
            assert {name: rows for name, rows in breaches(self.town.house).items() if rows} == {}

    @invariant()
    def every_check_in_has_one_end(self) -> None:
        now, standing_ones = self.town.clock.now(), self.treatments()
        newest = standing_ones[0].id if standing_ones else None
        with self.town.inside():
            for row in db.session.scalars(select(CheckIn)):
                assert (row.skipped_at is None) == (row.skipped_because is None)
                if row.state == "planned":
                    assert row.treatment_id == newest, "still to come, for a treatment that plans nothing any more"
                    assert now < row.send_by, "neither sent nor skipped"

    @invariant()
    def nobody_is_asked_twice_on_a_day_of_theirs(self) -> None:
        with self.town.inside():
            zone = zone_named(db.session.get_one(Patient, self.key).timezone)
            asked = [row for row in db.session.scalars(select(CheckIn)) if row.prompted_at is not None]
            then = Counter(local(row.prompted_at, row.timezone or zone.key) for row in asked)
        assert set(then.values()) <= {1}

    @invariant()
    def nothing_of_the_protocol_is_lost(self) -> None:
        """Right after a plan was made, each rule of the newest treatment has a row or a reason why not."""
        if not (self.planned_anew and (standing_ones := self.treatments())):
            return
        with self.town.inside():
            patient, clinic = db.session.get_one(Patient, self.key), db.session.get_one(Clinic, self.key[0])
            rows = set(db.session.scalars(select(CheckIn.name).where(CheckIn.treatment_id == standing_ones[0].id)))
            _, omitted = plan_of(standing_ones[0], patient, clinic, self.town.house, self.town.clock.now())
            rules = {rule.name for rule in self.town.house.protocol_of(clinic).check_ins}
        assert rules - rows <= {left.name for left in omitted}


def local(at: datetime | None, zone: str) -> object:
    return at.astimezone(zone_named(zone)).date() if at is not None else None


def test_whatever_a_patients_weeks_bring_the_plan_stays_sound(empty_sqlite: Path) -> None:
    machine = type("TheseWeeks", (Weeks,), {"empty": empty_sqlite})
    # What breaks is told as it was found: to make a story of so many acts shorter takes minutes.
    few_but_long = settings(max_examples=3, stateful_step_count=16, deadline=None, phases=[Phase.reuse, Phase.generate])
    run_state_machine_as_test(machine, settings=few_but_long)
