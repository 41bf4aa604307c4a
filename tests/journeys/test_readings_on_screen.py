"""What Noor sees of Ana's answers: what counts, what is unsure, what nobody asked for, what was corrected."""

from datetime import timedelta

from sqlalchemy import select

from backend.store.database import db
from backend.store.patients import Patient
from tests.console.conftest import Desk
from tests.journeys.test_answers_in_any_order import asked, kept, understood
from tests.town import Town


def page(town: Town, path: str) -> str:
    """What Noor reads there, signed in just now."""
    noor = Desk(town.app.test_client()).sign_in(town.noor)
    noor.get(path)
    assert noor.status == 200
    return noor.text


def patient_page(town: Town) -> str:
    with town.inside():
        return page(town, f"/patients/{db.session.scalars(select(Patient.id)).one()}")


def case_page(town: Town) -> str:
    return page(town, "/cases/1")


def test_she_sees_that_a_reading_is_not_sure_and_how_the_patient_answered(town: Town) -> None:
    ana = asked(town).texts("6-7")
    waiting = (
        "Mood read as 6, but not for sure; the patient was asked, and no answer to that yet, so it does not count."
    )
    assert waiting in case_page(town)
    assert f"Day 7: {waiting}" in patient_page(town)
    ana.texts("yes")
    assert "the patient was asked, and the patient said yes." in case_page(town)
    assert "not for sure" not in patient_page(town).split("Timeline")[0]


def test_she_sees_a_no(town: Town) -> None:
    asked(town).texts("6-7").texts("no")
    assert "Said no to mood 6: nothing is kept, and no more is asked; ask the patient." in case_page(town)
    assert "the patient said no, so it does not count: ask." in patient_page(town)


def test_she_sees_what_nobody_asked_for(town: Town) -> None:
    asked(town).texts("7").texts("3").texts("mood 5")
    assert "Read as mood 5, not asked for (unsolicited)." in case_page(town)
    assert "Not asked for." in patient_page(town)


def test_she_sees_what_was_corrected_and_from_what(town: Town) -> None:
    asked(town).texts("7").texts("3").texts("I meant 5")
    assert "First read as pain 3; the patient corrected it." in patient_page(town)


def test_she_sees_that_texts_came_in_another_order(town: Town) -> None:
    ana = asked(town)
    first = kept(town, ana, "7")
    town.clock.advance(timedelta(seconds=5))
    understood(town, kept(town, ana, "2"), first)
    seen = case_page(town)
    assert "in the order they were sent, the texts after it say pain 2." in seen
    assert "First read as mood 2; texts turned out to have been sent in another order. " in seen
    assert "Read as pain 2." in seen
