"""What fails, fails toward people: no database, a broken or slow screen, a text that breaks its reader (S1, S4)."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text, update

from backend.domain.concerns import Concern
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from backend.store.texts import InboundMessage
from backend.store.work import transaction
from backend.web.current import HOUSE
from tests.journeys.carrier import inbound_parameters, post, post_inbound
from tests.town import A_TUESDAY, PUBLIC_URL, Town

IN_DANGER = "I am going to kill myself tonight"


def with_screen(town: Town, screen: Callable[..., Sequence[Concern]]) -> None:
    """From now on every text is screened by this."""
    changed = replace(town.house, clinical=replace(town.house.clinical, screen=screen))
    town.house = town.app.extensions[HOUSE] = changed


def broken(_text: str, **_known: Any) -> Sequence[Concern]:
    raise RuntimeError("Ana Reyes +15555550120 said: " + IN_DANGER)  # what must never reach a log


def test_a_screen_that_errs_counts_as_asap_and_is_answered(any_town: Town) -> None:
    town = any_town
    with_screen(town, broken)
    ana = town.phone_of(town.enrol_patient())
    ana.texts("mood 8 pain 2")
    assert any("988" in reply for reply in ana.news)
    [case] = town.cases()
    assert case.priority == 3
    assert len(town.phone_of(town.noor).received) == 1
    with town.inside():
        assert list(db.session.scalars(select(ConcernRow.rule))) == ["screen-failed"]


def test_a_slow_screen_counts_as_asap_and_what_it_found_counts_too(town: Town) -> None:
    screen = town.house.clinical.screen

    def slow(words: str, **known: Any) -> Sequence[Concern]:
        time.sleep(0.55)
        return screen(words, **known)

    with_screen(town, slow)
    ana = town.phone_of(town.enrol_patient())
    ana.texts("7 2")
    [case] = town.cases()
    assert case.priority == 3
    ana.texts(IN_DANGER)
    [case] = town.cases()
    assert case.priority == 4
    assert any("Call or text 988 now" in reply for reply in ana.news)


def test_a_text_that_cannot_be_understood_goes_to_a_person(any_town: Town) -> None:
    """Even reading the protocol fails here; the words are kept, a person sees them and the patient hears so."""
    town = any_town
    town.enrol_patient()

    class Odd:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(f"{name}: Ana Reyes said {IN_DANGER}")

    class Once:
        """A screen whose answer breaks whatever looks at it."""

        def __call__(self, *_given: Any, **_known: Any) -> Sequence[Concern]:
            return [Odd()]  # type: ignore[list-item] # broken on purpose

    with_screen(town, Once())
    answer = post_inbound(town, Body="I feel strange")
    assert answer.status_code == 200
    assert "988" in answer.text
    town.settle()
    [case] = town.cases()
    assert case.priority == 3
    with town.inside():
        [kept] = db.session.scalars(select(InboundMessage))
        assert (kept.body, kept.disposition) == ("I feel strange", "escalation")


def test_whoever_cannot_be_understood_still_gets_the_crisis_reply(any_town: Town) -> None:
    """What is known of Ana is broken, so that every reading of her texts fails; her words are screened all the same."""
    town = any_town
    ana = town.enrol_patient()
    with town.inside(), transaction() as session:
        session.execute(update(Patient).values(flags=5))
    town.phone_of(ana).texts(IN_DANGER)
    assert "Call or text 988 now" in town.phone_of(ana).news[-1]
    [case] = town.cases()
    assert case.priority == 4
    assert len(town.phone_of(town.noor).received) == 1


@contextmanager
def without(town: Town, table: str) -> Iterator[None]:
    """The database without one of its tables."""
    with town.inside():
        db.session.execute(text(f"ALTER TABLE {table} RENAME TO away"))
        db.session.connection().commit()
    yield
    with town.inside():
        db.session.execute(text(f"ALTER TABLE away RENAME TO {table}"))
        db.session.connection().commit()


def test_without_a_database_the_carrier_hears_5xx_and_its_retry_is_kept(town: Town) -> None:
    town.enrol_patient()
    town.app.config["PROPAGATE_EXCEPTIONS"] = False
    parameters = inbound_parameters(Body=IN_DANGER)
    with without(town, "inbound_messages"):
        assert post(town, "/twilio/inbound", parameters).status_code == 500
    again = post(town, "/twilio/inbound", parameters)
    assert again.status_code == 200
    assert "988" in again.text
    with town.inside():
        assert db.session.scalar(select(func.count()).select_from(InboundMessage)) == 1
    town.settle()


def test_when_nothing_can_be_carried_out_the_text_is_kept_and_finished_later(town: Town) -> None:
    town.enrol_patient()
    town.app.config["PROPAGATE_EXCEPTIONS"] = False
    with without(town, "concerns"):
        assert post_inbound(town, Body=IN_DANGER).status_code >= 500
        with town.inside():
            [kept] = db.session.scalars(select(InboundMessage))
            assert (kept.body, kept.disposition) == (IN_DANGER, None)
    town.wait(seconds=15)
    with town.inside():
        [kept] = db.session.scalars(select(InboundMessage))
        assert (kept.disposition, kept.priority) == ("escalation", 4)
    assert any("Call or text 988 now" in reply for reply in town.phone("+15555550120").received)


def test_health_without_a_database_says_so_and_does_not_fall_over(town: Town, tmp_path: Path) -> None:
    with without(town, "heartbeats"):
        answer = town.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "cannot be used" in answer.get_json()["checks"]["database"]


def test_a_text_whose_webhook_never_came_is_taken_in_from_the_carriers_list(any_town: Town) -> None:
    town = any_town
    ana = town.phone_of(town.enrol_patient())
    number = {"number": ana.clinic_number}
    town.wait(minutes=1)
    town.handsets.post("/numbers", json=number | {"sms_url": f"{PUBLIC_URL}/nobody/here"})
    ana.texts(IN_DANGER)
    assert any("Call or text 988 now" in reply for reply in ana.received)
    [case] = town.cases()
    assert case.priority == 4
    with town.inside():
        [kept] = db.session.scalars(select(InboundMessage))
        assert kept.body == IN_DANGER


def set_asks(town: Town, patient: Patient, asks: str) -> None:
    with town.inside():
        of_patient = text("UPDATE check_ins SET asks = :asks WHERE patient_id = :id")
        db.session.execute(of_patient, {"id": patient.id.hex, "asks": asks})
        db.session.connection().commit()


def test_one_bad_row_does_not_stop_the_others(town: Town) -> None:
    """A check-in that asks for what nobody knows stays behind, is logged by its id, and the next one goes out."""
    first, second = town.enrol_patient(), town.enrol_patient("+15555550121")
    for patient in (first, second):
        town.treat(patient)
    set_asks(town, first, '["dance"]')
    town.clock.advance(A_TUESDAY.replace(hour=13, minute=45) - town.clock.now())
    for _ in range(3):
        town.tick()
    assert any("home safe?" in words for words in town.phone_of(second).received)
    assert not any("home safe?" in words for words in town.phone_of(first).received)
    set_asks(town, first, '["safety"]')
    town.settle()
    assert any("home safe?" in words for words in town.phone_of(first).received)
