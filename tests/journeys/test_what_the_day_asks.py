"""A check-in is a short conversation: what the day asks, one reminder, and an end when words cannot be read."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.texts import OutboundMessage
from backend.store.work import transaction
from tests.town import A_TUESDAY, Phone, Town

FEW_A_DAY = timedelta(hours=12)


def morning(day: int, hour: int = 10, minute: int = 1) -> datetime:
    return (A_TUESDAY + timedelta(days=day)).replace(hour=hour, minute=minute)


def asked(town: Town, day: int, **known: Any) -> Phone:
    """Ana on that day after her treatment, just asked."""
    patient = town.enrol_patient(**known)
    town.treat(patient)
    town.wait_until(morning(day), step=FEW_A_DAY)
    phone = town.phone_of(patient)
    assert phone.news
    return phone


def check_in(town: Town, name: str) -> CheckIn:
    with town.inside():
        return db.session.scalars(select(CheckIn).where(CheckIn.name == name)).one()


def concerns(town: Town) -> list[tuple[str, int]]:
    with town.inside():
        rows = db.session.execute(select(ConcernRow.rule, ConcernRow.priority).order_by(ConcernRow.id))
        return [(rule, priority) for rule, priority in rows]


def sent(town: Town, text_name: str) -> int:
    with town.inside():
        of_name = select(OutboundMessage.id).where(OutboundMessage.text_name == text_name)
        return len(db.session.scalars(of_name).all())


def want(town: Town, overrides: Mapping[str, Any]) -> None:
    """The clinic wants optional items."""
    with town.inside(), transaction() as session:
        session.get_one(Clinic, town.clinic.id).protocol_overrides = dict(overrides)


# What the day asks ---------------------------------------------------------------------------------------------------


def test_day_28_asks_about_the_bladder(any_town: Town) -> None:
    town = any_town
    ana = asked(town, 28)
    assert "passing" not in ana.texts("7 3").received[-1]
    assert "when you pass water" in ana.news[-1]
    assert "Thank you" in ana.texts("no").news[-1]
    assert (check_in(town, "day_28").bladder, check_in(town, "day_28").state) == ("none", "answered")


@pytest.mark.parametrize("words", ["yes", "it burns a bit", "si"])
def test_bladder_trouble_is_urgent_and_goes_to_a_person(town: Town, words: str) -> None:
    asked(town, 28).texts("7 3").texts(words)
    assert ("bladder-reported", 2) in concerns(town)
    assert (check_in(town, "day_28").bladder, check_in(town, "day_28").state) == ("reported", "answered")


def test_day_3_asks_about_energy_only_with_the_bipolar_flag(town: Town) -> None:
    ana = asked(town, 3, flags=["bipolar"])
    ana.texts("7 3").texts("no")
    assert "unusual energy" in ana.news[-1]
    ana.texts("yes I feel amazing and hardly sleep")
    assert check_in(town, "day_3").energy == "reported"
    assert "energy-reported" in {rule for rule, _ in concerns(town)}


def test_without_the_flag_day_3_asks_no_such_thing(town: Town) -> None:
    ana = asked(town, 3)
    assert "Thank you" in ana.texts("7 3 no").news[-1]
    assert check_in(town, "day_3").asks == ["mood", "pain", "side_effects"]


def test_one_no_answers_one_question_and_no_to_all_answers_all(town: Town) -> None:
    ana = asked(town, 3, flags=["bipolar"])
    ana.texts("7 3 no")
    assert check_in(town, "day_3").energy is None
    ana.texts("n")
    assert (check_in(town, "day_3").side_effects, check_in(town, "day_3").energy) == ("none", "none")


def test_no_no_answers_both_at_once(town: Town) -> None:
    ana = asked(town, 3, flags=["bipolar"])
    ana.texts("7 3").texts("no no")
    assert check_in(town, "day_3").state == "answered"


def test_words_to_the_first_question_end_the_check_in_and_a_person_goes_on(town: Town) -> None:
    """The reply says that the team will call; asking on at the same time would talk over it."""
    ana = asked(town, 3, flags=["bipolar"])
    ana.texts("7 3").texts("a bit dizzy on the stairs")
    row = check_in(town, "day_3")
    assert (row.side_effects, row.energy, row.state) == ("reported", "unasked", "answered")


def test_sleep_is_asked_where_the_clinic_wants_it(any_town: Town) -> None:
    town = any_town
    want(town, {"optional_items": ["sleep"]})
    ana = asked(town, 7)
    assert "How was your sleep last night?" in ana.texts("7 3").news[-1]
    assert "Thank you" in ana.texts("6").news[-1]
    with town.inside():
        assert [(s.measure, s.value) for s in db.session.scalars(select(Score).order_by(Score.id))] == [
            ("mood", 7),
            ("pain", 3),
            ("sleep", 6),
        ]


@pytest.mark.parametrize("words", ["7 3 6", "sleep 6, mood 7, pain 3", "pain 3 mood 7 slept 6"])
def test_all_three_together_in_any_order(town: Town, words: str) -> None:
    want(town, {"optional_items": ["sleep"]})
    asked(town, 7).texts(words)
    with town.inside():
        assert {s.measure: s.value for s in db.session.scalars(select(Score))} == {"mood": 7, "pain": 3, "sleep": 6}


def test_hours_of_sleep_are_no_score(town: Town) -> None:
    want(town, {"optional_items": ["sleep"]})
    asked(town, 7).texts("slept 6 hours, mood 7 pain 3")
    with town.inside():
        assert {s.measure: s.value for s in db.session.scalars(select(Score))} == {"mood": 7, "pain": 3}
    assert len(town.cases()) == 1


# The reminder --------------------------------------------------------------------------------------------------------


def test_one_reminder_after_four_hours_never_two(any_town: Town) -> None:
    town = any_town
    ana = asked(town, 1)
    town.wait_until(morning(1, 13, 50))
    assert ana.news == []
    town.wait_until(morning(1, 14, 10))
    assert len(ana.news) == 1
    assert "a reminder of our check-in" in ana.received[-1]
    town.wait_until(morning(2, 19, 59), step=FEW_A_DAY)
    assert ana.news == []


def test_who_has_written_anything_is_not_reminded(town: Town) -> None:
    ana = asked(town, 1)
    ana.texts("7")
    ana.news  # noqa: B018 - the next question
    town.wait_until(morning(1, 20))
    assert ana.news == []
    assert sent(town, "reminder") == 0


def test_an_answer_to_the_reminder_is_an_answer_to_its_check_in(town: Town) -> None:
    ana = asked(town, 7)
    town.wait_until(morning(7, 14, 10))
    ana.texts("7 3")
    assert check_in(town, "day_7").state == "answered"


def test_no_reminder_outside_the_hours_nor_the_day_after(town: Town) -> None:
    """Home since half past two: asked at half past six, and nobody is reminded at half past ten."""
    town.clock.advance(A_TUESDAY.replace(hour=14, minute=30) - town.clock.now())
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(morning(1, 9, 59), step=timedelta(hours=2))
    assert sent(town, "prompt_safety") == 1
    assert sent(town, "reminder") == 0


def test_no_reminder_to_somebody_on_hold_or_opted_out(town: Town) -> None:
    held, out = town.enrol_patient(), town.enrol_patient("+15555550121")
    for patient in (held, out):
        town.treat(patient)
    town.wait_until(morning(1), step=FEW_A_DAY)
    town.phone_of(held).texts("I want to die")
    town.phone_of(out).texts("please stop texting me")
    town.wait_until(morning(1, 19))
    assert sent(town, "reminder") == 0


# Words that cannot be read -------------------------------------------------------------------------------------------


def test_two_unreadable_answers_get_thanks_and_a_person_and_no_third_reply(any_town: Town) -> None:
    town = any_town
    ana = asked(town, 1)
    assert "passing this to our team" in ana.texts("purple monday bicycle").news[-1]
    assert "Our team will read your texts" in ana.texts("the window over there").news[-1]
    assert ana.texts("zebra crossing").news == []
    [case] = town.cases()
    assert case.state == "open"
    unread = [rule for rule, _ in concerns(town) if rule.startswith("unread")]
    assert unread == ["unread-free_text", "unread-unreadable", "unread-unreadable"]


def test_an_answer_after_two_unreadable_ones_still_counts(town: Town) -> None:
    ana = asked(town, 7)
    ana.texts("purple monday bicycle").texts("the window over there").texts("7 3")
    assert check_in(town, "day_7").state == "answered"


def test_unreadable_is_no_silence(town: Town) -> None:
    asked(town, 1, flags=["si_baseline"]).texts("purple monday bicycle")
    town.wait_until(morning(3, 9), step=FEW_A_DAY)
    assert check_in(town, "day_1").state == "missed"
    assert "silence" not in {rule for rule, _ in concerns(town)}


# Two machines --------------------------------------------------------------------------------------------------------


def test_a_machine_that_repeats_itself_gets_three_replies_an_hour(any_town: Town) -> None:
    town = any_town
    bot = town.phone_of(town.enrol_patient())
    town.settle()
    bot.news  # noqa: B018 - the welcome
    for _ in range(6):
        bot.texts("I am driving right now and will answer later")
    assert len(bot.news) == 3


def test_an_unknown_machine_too(any_town: Town) -> None:
    bot = any_town.phone("+15555550999")
    for number in range(20):
        bot.texts(f"Your parcel {number} is on its way")
    assert len(bot.news) == any_town.house.clinical.protocol.conversation.replies_an_hour


def test_the_guard_never_holds_back_a_safety_text(any_town: Town) -> None:
    town = any_town
    ana = town.phone_of(town.enrol_patient())
    for _ in range(6):
        ana.texts("I am driving right now and will answer later")
    ana.news  # noqa: B018 - what came before
    assert ana.texts("I want to die").news[0].startswith("Thank you for telling us.")
    assert ana.texts("crushing chest pain, cannot breathe").news[0].startswith("Your message may describe a medical")


def test_the_next_hour_is_answered_again(town: Town) -> None:
    bot = town.phone_of(town.enrol_patient())
    for _ in range(5):
        bot.texts("I am driving right now and will answer later")
    bot.news  # noqa: B018 - what came before
    town.wait(minutes=61)
    assert len(bot.texts("I am driving right now and will answer later").news) == 1
