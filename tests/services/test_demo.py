"""The demo clinic: a believable past in which nothing waits to go wrong on the first evening."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.domain.concerns import Priority
from backend.domain.schedule import is_open, zone_named
from backend.services.cases.queue import open_cases, resolved_recently
from backend.services.cases.staffing import Staffing
from backend.services.clinic import accounts
from backend.services.clinic.demo import DemoClinic, seed_demo
from backend.services.invalid import Invalid
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.texts import InboundMessage, OutboundMessage
from tests.town import PASSWORD, Town

# Whatever hour somebody first tries it: morning, evening, and the night in which the clocks change.
HOURS = (
    datetime(2035, 3, 8, 14, 30, tzinfo=UTC),
    datetime(2035, 3, 11, 6, 59, tzinfo=UTC),
    datetime(2035, 11, 4, 5, 30, tzinfo=UTC),
    datetime(2035, 7, 18, 23, 45, tzinfo=UTC),
)


@pytest.fixture
def empty(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """A town without clinics: the demo brings its own, with the same numbers."""
    town = Town(sqlite_url, tmp_path)
    yield town
    town.close()


@pytest.fixture
def empty_on_any(any_url: str, tmp_path: Path) -> Iterator[Town]:
    """The same on each database in turn."""
    town = Town(any_url, tmp_path)
    yield town
    town.close()


def seeded(town: Town, now: datetime) -> DemoClinic:
    town.clock.advance(now - town.clock.now())
    return seed_demo(town.house, password=PASSWORD)


@pytest.mark.parametrize("now", HOURS)
def test_it_leaves_nothing_to_send_and_nobody_to_page_tonight(empty: Town, now: datetime) -> None:
    with empty.inside():
        clinic = seeded(empty, now).clinic
        now = empty.house.now()
        for row in open_cases(clinic.id):
            assert row.priority <= Priority.URGENT
            assert row.next_at is not None
            assert row.next_at > now + timedelta(hours=12)
        texts = db.session.scalars(select(OutboundMessage)).all()
        assert {text.state for text in texts} == {"delivered"}
        assert not [text for text in texts if text.send_at or text.lease_until or text.confirm_by]
        planned = [c for c in db.session.scalars(select(CheckIn)) if c.state in ("planned", "prompted")]
        assert planned
        assert all(c.state == "planned" and c.due_at > now + timedelta(days=3) for c in planned)
        assert not db.session.scalars(select(InboundMessage).where(InboundMessage.disposition.is_(None))).all()
    empty.settle()
    with empty.inside():
        assert db.session.scalar(select(func.count()).select_from(OutboundMessage)) == len(texts)


def test_it_tells_a_believable_month(empty_on_any: Town) -> None:
    with empty_on_any.inside():
        clinic = seeded(empty_on_any, HOURS[0]).clinic
        assert {row.priority.label for row in open_cases(clinic.id)} == {"urgent", "routine"}
        closed = resolved_recently(clinic.id)
        numbers = [row.number for row in closed]
        assert len(closed) >= 4
        assert numbers == sorted(numbers, reverse=True)
        assert all(row.outcome for row in closed)
        states = Counter(check_in.state for check_in in db.session.scalars(select(CheckIn)))
        assert states["missed"] == 1
        assert states["answered"] > 80
        assert len(db.session.scalars(select(Score)).all()) > 150
        patients = db.session.scalars(select(Patient)).all()
        assert len(patients) >= 12
        assert [p.given_name for p in patients if p.opted_out_at] == ["June"]
        assert [p.given_name for p in patients if p.language == "es"] == ["Lucía"]
        assert not [p for p in patients if p.held_at]


def test_it_never_breaks_the_rules_of_consent(empty: Town) -> None:
    """Prompts stay in the patient's hours, one a day, three in seven days."""
    with empty.inside():
        seeded(empty, HOURS[1])
        protocol = empty.house.clinical.protocol
        for patient in db.session.scalars(select(Patient)):
            zone = zone_named(patient.timezone)
            mine = select(CheckIn.prompted_at).where(CheckIn.patient_id == patient.id, CheckIn.prompted_at.is_not(None))
            prompted = sorted(at for at in db.session.scalars(mine) if at is not None)
            days = [at.astimezone(zone).date() for at in prompted]
            assert all(is_open(at, protocol.window, zone) for at in prompted)
            assert all(later > earlier for earlier, later in pairwise(days))
            assert all(fourth - first >= timedelta(days=7) for first, fourth in zip(days, days[3:], strict=False))


def test_it_has_somebody_on_call_at_every_hour_of_the_week(empty: Town) -> None:
    with empty.inside():
        clinic = seeded(empty, HOURS[2]).clinic
        hours = [empty.house.now() + timedelta(hours=hour) for hour in range(24 * 8)]
        assert all(Staffing(clinic, hour).on_call for hour in hours)


def test_it_does_nothing_the_second_time(empty: Town) -> None:
    with empty.inside():
        first = seeded(empty, HOURS[0])
        again = seed_demo(empty.house, password="another long password")
        assert first.fresh
        assert not again.fresh
        assert [person.id for person in again.staff] == [person.id for person in first.staff]
        assert db.session.scalar(select(func.count()).select_from(Clinic)) == 1
        assert accounts.sign_in("noor@demo.example", PASSWORD, empty.house.machine_now())


def test_it_makes_nothing_when_the_password_is_too_short(empty: Town) -> None:
    with empty.inside():
        with pytest.raises(Invalid):
            seed_demo(empty.house, password="short")
        assert db.session.scalar(select(func.count()).select_from(Clinic)) == 0
