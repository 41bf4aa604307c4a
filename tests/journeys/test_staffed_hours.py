"""A clinic without night cover: asks only when somebody will read the answer; its cases wait at the door (mode B)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from backend.services.clinic.answering import NewHours, send_test_page, set_hours
from backend.services.invalid import Invalid
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.escalations import EscalationEvent
from backend.store.staff import Shift
from backend.store.work import transaction
from tests.town import A_TUESDAY, NEW_YORK, Town

OFFICE = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00", "17:00"))


def staffed_only(town: Town, **hours: Any) -> None:
    with town.inside():
        set_hours(town.clinic, NewHours("B", **({"staffed": OFFICE} | hours)), "test", town.house)


def nobody_on_call(town: Town) -> None:
    with town.inside(), transaction() as session:
        session.execute(delete(Shift).where(Shift.clinic_id == town.clinic.id))


def due(town: Town) -> dict[str, datetime]:
    """The local time of each check-in that will be asked."""
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.skipped_at.is_(None)))
        return {row.name: row.due_at.astimezone(NEW_YORK) for row in rows}


def left_out(town: Town) -> dict[str, str | None]:
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.skipped_at.is_not(None)))
        return {row.name: row.skipped_because for row in rows}


def pages(town: Town) -> int:
    return sum(len(town.phone_of(person).received) for person in (town.noor, town.vera, town.dov))


# Prompts -------------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_at_a_weekend_and_the_order_is_kept(any_town: Town) -> None:
    """A Tuesday's day 4 and 5 are a weekend; the evening's safety text would be read by nobody."""
    town = any_town
    staffed_only(town)
    town.treat(town.enrol_patient(), ended_at=A_TUESDAY + timedelta(hours=4))
    planned = due(town)
    assert "same_day" not in planned
    assert all(at.weekday() < 5 for at in planned.values())
    assert list(planned) == sorted(planned, key=lambda name: planned[name])


def test_a_check_in_that_falls_on_a_saturday_comes_on_monday(town: Town) -> None:
    staffed_only(town)
    town.wait_until(A_TUESDAY + timedelta(days=1), step=timedelta(hours=12))
    town.treat(town.enrol_patient())
    assert due(town)["day_3"].strftime("%a %H:%M") == "Mon 10:00"
    with town.inside():
        moved = db.session.scalars(select(CheckIn.moved_because).where(CheckIn.name == "day_3")).one()
    assert moved == "nobody would be there to read the answer"


def test_nothing_is_asked_on_a_holiday_nor_after_noon_on_its_eve(town: Town) -> None:
    """Thursday is closed: Wednesday is its eve, and the patient's ten o'clock in Hawaii is three in New York."""
    closed = (A_TUESDAY + timedelta(days=2)).date().isoformat()
    staffed_only(town, closed=[closed])
    town.treat(town.enrol_patient(timezone="Pacific/Honolulu"))
    assert (A_TUESDAY + timedelta(days=1)).date() not in {at.date() for at in due(town).values()}
    assert (A_TUESDAY + timedelta(days=2)).date() not in {at.date() for at in due(town).values()}


def test_public_holidays_are_known(town: Town) -> None:
    staffed_only(town, region="NY")
    town.clock.advance(datetime(2035, 6, 27, 9, 30, tzinfo=NEW_YORK) - town.clock.now())
    town.treat(town.enrol_patient())
    independence_day = datetime(2035, 7, 4, tzinfo=NEW_YORK).date()
    assert independence_day not in {at.date() for at in due(town).values()}
    assert due(town)["day_7"].date() == independence_day + timedelta(days=1)


def test_a_patient_at_risk_is_asked_for_scores_only_if_a_clinician_agrees(town: Town) -> None:
    staffed_only(town)
    town.treat(town.enrol_patient(flags=["si_baseline"]))
    assert "day_1" not in due(town)


def test_staffed_hours_change_what_is_still_to_come(any_town: Town) -> None:
    town = any_town
    town.treat(town.enrol_patient())
    assert due(town)["day_1"].hour == 10
    staffed_only(town, staffed=dict.fromkeys(OFFICE, ("12:00", "18:00")))
    assert due(town)["day_1"].hour == 12


# Pages ---------------------------------------------------------------------------------------------------------------


def test_at_night_a_crisis_gets_its_reply_and_the_case_waits_for_the_morning(any_town: Town) -> None:
    town = any_town
    nobody_on_call(town)
    staffed_only(town)
    town.clock.advance(A_TUESDAY.replace(hour=23, minute=0) - town.clock.now())
    ana = town.phone_of(town.enrol_patient())
    assert ana.texts("I want to die").news[-1].startswith("Thank you for telling us.")
    assert pages(town) == 0
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=8, minute=55), step=timedelta(hours=2))
    assert pages(town) == 0
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=9, minute=1))
    assert pages(town) > 0
    with town.inside():
        assert "waits_for_staff" in set(db.session.scalars(select(EscalationEvent.kind)))


def test_no_case_waits_longer_than_twelve_hours_weekend_or_not(town: Town) -> None:
    nobody_on_call(town)
    staffed_only(town)
    friday_evening = (A_TUESDAY + timedelta(days=3)).replace(hour=20)
    town.wait_until(friday_evening, step=timedelta(hours=12))
    town.phone_of(town.enrol_patient()).texts("I want to die")
    town.wait_until(friday_evening + timedelta(hours=11, minutes=55), step=timedelta(hours=2))
    assert pages(town) == 0
    town.wait_until(friday_evening + timedelta(hours=12, minutes=5))
    assert pages(town) > 0


def test_somebody_on_call_is_paged_at_once_whatever_the_hours(town: Town) -> None:
    staffed_only(town)
    town.clock.advance(A_TUESDAY.replace(hour=23) - town.clock.now())
    town.phone_of(town.enrol_patient()).texts("I want to die")
    assert len(town.phone_of(town.noor).received) == 1


# Any hour ------------------------------------------------------------------------------------------------------------


def test_answering_at_any_hour_must_be_shown(any_town: Town) -> None:
    """Two people on call, one of whom got a page in the last seven days."""
    town = any_town
    staffed_only(town)
    with town.inside(), pytest.raises(Invalid, match="at least 2 people on call"):
        set_hours(town.clinic, NewHours("A"), "test", town.house)
    with town.inside(), transaction() as session:
        now = town.clock.now()
        session.add(
            Shift(
                clinic_id=town.clinic.id, staff_id=town.vera.id, starts_at=now, ends_at=now + timedelta(days=1),
                weekly=True,
            )
        )  # fmt: skip
    with town.inside(), pytest.raises(Invalid, match="got a page in the last 7 days"):
        set_hours(town.clinic, NewHours("A"), "test", town.house)
    with town.inside():
        send_test_page(town.noor, "test", town.house)
    town.settle()
    assert "test page" in town.phone_of(town.noor).received[-1]
    with town.inside():
        assert set_hours(town.clinic, NewHours("A"), "test", town.house).mode == "A"


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({"staffed": {"mon": ("17:00", "09:00")}}, "staffed"),
        ({"staffed": {"someday": ("09:00", "17:00")}}, "staffed"),
        ({"closed": ["soon"]}, "closed"),
        ({"region": "Atlantis"}, "region"),
        ({"mode": "C"}, "mode"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_name(town: Town, hours: dict[str, Any], field: str) -> None:
    with town.inside(), pytest.raises(Invalid) as refused:
        set_hours(town.clinic, NewHours(**({"mode": "B"} | hours)), "test", town.house)
    assert set(refused.value.faults) == {field}
