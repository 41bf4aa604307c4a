"""Check-ins leave at the patient's own hour or not at all, never too many, and silence reaches people (S10, S11)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.texts import OutboundMessage
from tests.town import A_TUESDAY, Town


def day(number: int, hour: int, minute: int = 0) -> datetime:
    """That local time so many days after the treatment of every story."""
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def check_ins(town: Town) -> dict[str, CheckIn]:
    with town.inside():
        rows = db.session.scalars(select(CheckIn).order_by(CheckIn.due_at))
        return {row.name: row for row in rows}


def concerns(town: Town) -> list[tuple[str, int]]:
    with town.inside():
        rows = db.session.execute(select(ConcernRow.name, ConcernRow.priority).order_by(ConcernRow.id))
        return [(name, priority) for name, priority in rows]


def prompts(town: Town) -> list[datetime]:
    with town.inside():
        sent = select(OutboundMessage.sent_at).where(OutboundMessage.kind == "prompt").order_by(OutboundMessage.id)
        return [at for at in db.session.scalars(sent) if at is not None]


def test_a_clock_that_comes_back_the_same_day_still_asks(town: Town) -> None:
    patient = town.enrol_patient()
    town.settle()  # the welcome leaves first: two texts that leave at once arrive in any order
    town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.clock.advance(day(0, 19, 30) - town.clock.now())
    town.settle()
    assert "How is your mood today?" in town.phone_of(patient).received[-1]


def test_a_clock_that_comes_back_at_night_sends_nothing_and_tells_a_person(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.clock.advance(day(0, 23) - town.clock.now())
    town.settle()
    phone = town.phone_of(patient)
    assert [text for text in phone.received if "mood" in text] == []
    assert check_ins(town)["day_1"].skipped_because == "too late: nothing was sent"
    assert concerns(town) == [("check_in_not_sent", 1)]
    town.wait_until(day(1, 12), step=timedelta(hours=12))
    assert [text for text in phone.received if "mood" in text] == []


def test_a_welcome_waits_for_the_next_morning_when_the_clock_stood_still(town: Town) -> None:
    town.clock.advance(day(0, 22) - town.clock.now())
    phone = town.phone_of(town.enrol_patient())
    town.clock.advance(day(1, 23) - town.clock.now())
    town.settle()
    assert phone.received == []
    town.wait_until(day(2, 9, 1), step=timedelta(hours=12))
    assert len(phone.received) == 1


def test_never_more_than_one_a_day_and_three_in_seven_days(town: Town) -> None:
    patient = town.enrol_patient()
    zone = ZoneInfo("America/New_York")
    for _ in range(8):
        town.treat(patient)
        town.wait(step=timedelta(hours=6), hours=24)
    days = [at.astimezone(zone).date() for at in prompts(town)]
    assert len(days) == len(set(days))
    for first in days:
        assert sum(timedelta(0) <= other - first < timedelta(days=7) for other in days) <= 3


def test_a_new_treatment_plans_afresh_and_drops_the_old_plan(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(2, 9), step=timedelta(hours=5))
    recorded = town.treat(patient)
    assert next(check_in.name for check_in in recorded.check_ins) == "day_1"
    with town.inside():
        old = select(CheckIn).where(CheckIn.treatment_id != recorded.treatment.id, CheckIn.prompted_at.is_(None))
        assert {row.skipped_because for row in db.session.scalars(old)} == {"a newer treatment"}
    town.wait_until(day(3, 10, 1), step=timedelta(hours=5))
    with town.inside():
        asked = (
            select(CheckIn.treatment_id).where(CheckIn.prompted_at.is_not(None)).order_by(CheckIn.prompted_at.desc())
        )
        assert db.session.scalars(asked).first() == recorded.treatment.id


def test_two_unanswered_check_ins_running_are_a_case(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient, ended_at=A_TUESDAY - timedelta(days=30))
    town.treat(patient)
    town.wait_until(day(2, 21), step=timedelta(hours=5))
    assert concerns(town) == []  # the first silence alone is none
    town.wait_until(day(4, 21), step=timedelta(hours=5))
    assert concerns(town)[0] == ("silence", 1)
    [case] = town.cases()
    assert case.state == "open"


def test_one_silence_of_a_patient_at_risk_is_an_urgent_case(town: Town) -> None:
    town.treat(town.enrol_patient(flags=["si_baseline"]))
    town.wait_until(day(1, 21), step=timedelta(hours=5))
    assert concerns(town)[0] == ("silence", 2)


def test_an_answer_ends_the_silence(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient)
    for number in (1, 3, 7, 14):
        town.wait_until(day(number, 10, 1), step=timedelta(hours=5))
        phone.texts("7 3").texts("N")
    assert [name for name, _ in concerns(town) if name == "silence"] == []


def test_a_phone_that_is_off_is_seen(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    town.handsets.post("/faults", json={"handsets_off": [patient.phone]})
    town.settle()
    assert ("text_not_delivered", 1) in concerns(town)


def test_a_prompt_whose_answer_is_lost_is_looked_up_and_never_sent_twice(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
    town.settle()
    for lost in ("timeout_after", "500_accepted", "cut_json", "reset"):
        town.handsets.post("/faults", json={"next": [{"do": lost, "times": 1}], "callbacks": "lost"})
    town.handsets.post("/faults", json={"next": [{"do": "timeout_after", "times": 1}], "callbacks": "lost"})
    town.wait_until(day(0, 10, 1), step=timedelta(hours=1))
    town.wait(step=timedelta(minutes=3), minutes=15)
    phone = town.phone_of(patient)
    assert sum("How is your mood today?" in text for text in phone.received) == 1
    with town.inside():
        [prompt] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.kind == "prompt"))
        assert prompt.message_sid is not None


def test_a_prompt_that_never_reached_the_carrier_is_sent_after_the_look_up(town: Town) -> None:
    for number, fault in enumerate(("timeout_before", "500", "502")):
        patient = town.enrol_patient(f"+155555504{number:02}")
        town.settle()
        town.treat(patient, ended_at=A_TUESDAY - timedelta(hours=20))
        if number == 0:
            town.wait_until(day(0, 9, 59), step=timedelta(minutes=30))
        town.handsets.post("/faults", json={"next": [{"do": fault, "times": 1}]})
        town.wait(step=timedelta(minutes=3), minutes=9)
        assert sum("How is your mood today?" in text for text in town.phone_of(patient).received) == 1
