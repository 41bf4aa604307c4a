"""Ana answers in her own way: one number at a time, in Spanish, late, with words, out of order."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.texts import InboundMessage
from tests.town import A_TUESDAY, Phone, Town

DAY_1 = (A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1)
DAY_7 = (A_TUESDAY + timedelta(days=7)).replace(hour=10, minute=1)


def asked(town: Town, *, on: object = DAY_1, **known: object) -> Phone:
    """Ana, who has just got a check-in."""
    patient = town.enrol_patient(**known)  # type: ignore[arg-type] # what Ana is like
    town.treat(patient)
    town.wait_until(on, step=timedelta(hours=5))  # type: ignore[arg-type] # one of the two above
    phone = town.phone_of(patient)
    assert phone.news
    return phone


def scores(town: Town) -> list[tuple[str, int]]:
    with town.inside():
        return [(score.measure, score.value) for score in db.session.scalars(select(Score).order_by(Score.id))]


def state_of(town: Town, name: str) -> str:
    with town.inside():
        return db.session.scalars(select(CheckIn).where(CheckIn.name == name)).one().state


def concerns(town: Town) -> set[str]:
    with town.inside():
        return set(db.session.scalars(select(ConcernRow.name)))


def test_two_numbers_in_two_texts_complete_one_check_in(any_town: Town) -> None:
    town = any_town
    ana = asked(town)
    assert "How bad is your pain right now?" in ana.texts("7").news[-1]
    assert "Any side effect" in ana.texts("3").news[-1]
    assert "Thank you, we have your answers." in ana.texts("N").news[-1]
    assert scores(town) == [("mood", 7), ("pain", 3)]
    assert state_of(town, "day_1") == "answered"
    assert town.cases() == []


def test_both_numbers_in_one_text(town: Town) -> None:
    ana = asked(town, on=DAY_7)
    assert "Thank you, we have your answers." in ana.texts("mood 6, pain 4").news[-1]
    assert scores(town) == [("mood", 6), ("pain", 4)]
    assert state_of(town, "day_7") == "answered"


def test_a_pain_patient_is_asked_for_pain_first(town: Town) -> None:
    ana = asked(town, track="pain")
    assert "How is your mood right now?" in ana.texts("4").news[-1]
    ana.texts("7")
    assert scores(town) == [("pain", 4), ("mood", 7)]


def test_words_beside_the_numbers_are_read_by_a_person(town: Town) -> None:
    ana = asked(town)
    ana.texts("7 and 3 but my dog ran away")
    assert scores(town) == [("mood", 7), ("pain", 3)]
    assert len(town.cases()) == 1


def test_a_number_outside_the_scale_is_no_score(town: Town) -> None:
    ana = asked(town)
    for words in ("11", "-3", "7.5.2", "100"):
        ana.texts(words)
    assert [value for _, value in scores(town)] == []
    assert len(town.cases()) == 1


def test_the_side_effect_question_takes_any_words(town: Town) -> None:
    ana = asked(town)
    ana.texts("7").texts("3").texts("a bit dizzy on the stairs")
    with town.inside():
        answered = db.session.scalars(select(CheckIn).where(CheckIn.name == "day_1")).one()
        assert (answered.side_effects, answered.state) == ("reported", "answered")
    assert len(town.cases()) == 1


def test_not_home_safe_is_seen_at_once(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait(step=timedelta(hours=2), hours=4, minutes=1)
    town.phone_of(patient).texts("2")
    [case] = town.cases()
    assert case.priority == 3
    assert concerns(town) == {"not_home_safe"}
    assert len(town.phone_of(town.noor).received) == 1
    assert scores(town) == []


def test_a_late_answer_still_belongs_to_its_check_in(town: Town) -> None:
    ana = asked(town)
    town.wait_until((A_TUESDAY + timedelta(days=2)).replace(hour=21), step=timedelta(hours=12))
    assert state_of(town, "day_1") == "missed"
    ana.texts("6 4 N")
    with town.inside():
        day_1 = db.session.scalars(select(CheckIn.id).where(CheckIn.name == "day_1")).one()
        assert set(db.session.scalars(select(Score.check_in_id))) == {day_1}


def test_a_number_that_nobody_asked_for_is_kept_and_read(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("mood 7 pain 3")
    assert scores(town) == [("mood", 7), ("pain", 3)]
    with town.inside():
        assert list(db.session.scalars(select(Score.check_in_id))) == [None, None]


def test_a_spanish_patient_is_asked_and_answered_in_spanish(any_town: Town) -> None:
    town = any_town
    ana = asked(town, language="es")
    assert "¿Qué tal se siente hoy?" in ana.received[-1]
    assert "dolor" in ana.texts("siete").news[-1]
    ana.texts("tres")
    assert scores(town) == [("mood", 7), ("pain", 3)]
    assert "Para hablar con alguien ahora llame al 988" in ana.texts("ya no quiero vivir").news[-1]
    [case] = town.cases()
    assert case.priority >= 3


def test_an_english_patient_in_danger_in_spanish_is_understood(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("me quiero morir")
    assert "988" in ana.news[-1]
    [case] = town.cases()
    assert case.priority >= 3


@pytest.mark.parametrize("words", ["HELP", "info"])
def test_help_is_answered_and_seen(town: Town, words: str) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts(words)
    [case] = town.cases()
    assert case.priority == 1
    assert any("automated, not watched 24/7" in text for text in ana.news)


def test_help_me_is_more_than_a_keyword(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("help me please I can't go on")
    assert "988" in ana.news[-1]
    [case] = town.cases()
    assert case.priority >= 3


def test_thanks_needs_nobody(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    before = len(ana.received)
    ana.texts("ok thanks!")
    assert town.cases() == []
    assert len(ana.received) == before + 1  # the welcome alone


def test_a_medical_emergency_gets_its_own_words(any_town: Town) -> None:
    town = any_town
    ana = town.phone_of(town.enrol_patient())
    ana.texts("crushing chest pain and I can't breathe")
    assert any("Call 911 now for chest pain" in text for text in ana.news)
    [case] = town.cases()
    assert case.priority == 4


def test_words_of_staff_are_kept_and_seen(town: Town) -> None:
    noor = town.phone_of(town.noor)
    noor.texts("who is on call tomorrow?")
    assert "Your text was kept and put in the queue." in noor.news[-1]
    [case] = town.cases()
    assert case.patient_id is None


def test_a_nurse_in_danger_is_somebody_in_danger(town: Town) -> None:
    vera = town.phone_of(town.vera)
    vera.texts("I want to kill myself")
    assert "Call or text 988 now" in vera.news[-1]
    [case] = town.cases()
    assert case.priority == 4
    assert "STAT case 1." in town.phone_of(town.noor).received[-1]


def test_every_text_ends_in_exactly_one_disposition(town: Town) -> None:
    ana = asked(town)
    for words in ("7", "3", "N", "thanks", "STOP", "START", "what?", "HELP", "I want to die", "5"):
        ana.texts(words)
    town.phone_of(town.noor).texts("ACK 1").texts("hello")
    with town.inside():
        kept = list(db.session.scalars(select(InboundMessage)))
    assert len(kept) == 12
    assert {text.disposition for text in kept} == {"answered", "keyword", "staff_command", "escalation"}
