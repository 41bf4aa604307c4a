"""Opting out and in again: heeded by keyword, in plain words or at the carrier, never hiding a crisis (S3, S10)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.services.invalid import Conflict
from backend.services.patients import standing
from backend.services.texting.messages import send_to_patient
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient
from backend.store.texts import InboundMessage, OutboundMessage
from tests.town import A_TUESDAY, Phone, Town

FULL = "Thank you for telling us. Call or text 988 now"


def ana_of(town: Town, **known: object) -> tuple[Patient, Phone]:
    patient = town.enrol_patient(**known)  # type: ignore[arg-type] # what Ana is like
    town.treat(patient)
    phone = town.phone_of(patient)
    town.settle()
    phone.news  # noqa: B018 - the welcome
    return patient, phone


def ledger(town: Town) -> list[tuple[str, str]]:
    with town.inside():
        lines = select(ConsentEvent.kind, ConsentEvent.method).order_by(ConsentEvent.id)
        return [(kind, method) for kind, method in db.session.execute(lines)]


def is_out(town: Town) -> bool:
    with town.inside():
        [opted_out_at] = db.session.scalars(select(Patient.opted_out_at))
        return opted_out_at is not None


def disposition(town: Town) -> str | None:
    with town.inside():
        return db.session.scalars(select(InboundMessage.disposition).order_by(InboundMessage.id.desc())).first()


def skipped(town: Town) -> set[str]:
    with town.inside():
        return set(db.session.scalars(select(CheckIn.skipped_because).where(CheckIn.skipped_because.is_not(None))))


def test_stop_alone_ends_the_check_ins_and_is_nobodys_case(any_town: Town) -> None:
    town = any_town
    _, ana = ana_of(town)
    ana.texts("STOP")
    assert is_out(town)
    assert ledger(town)[-1] == ("opt_out", "keyword")
    assert disposition(town) == "keyword"
    assert town.cases() == []
    ana.news  # noqa: B018 - the carrier's own answer
    town.wait_until((A_TUESDAY + timedelta(days=8)).replace(hour=12), step=timedelta(hours=12))
    assert ana.news == []
    assert skipped(town) == {"opted out"}


def test_stop_counts_in_any_clothes(town: Town) -> None:
    for number, word in enumerate((" stop ", "Stop.", "STOPALL", "Unsubscribe", "cancel", "ALTO")):
        patient = town.enrol_patient(f"+155555503{number:02}")
        town.phone_of(patient).texts(word)
    with town.inside():
        assert all(db.session.scalars(select(Patient.opted_out_at)))


@pytest.mark.parametrize("words", ["please stop texting me", "take me off this list", "no me manden más mensajes"])
def test_plain_wording_opts_out_as_well(town: Town, words: str) -> None:
    _, ana = ana_of(town)
    ana.texts(words)
    assert is_out(town)
    assert ledger(town)[-1] == ("opt_out", "text")
    assert "START" in ana.news[-1]


def test_make_it_stop_is_no_opt_out(town: Town) -> None:
    _, ana = ana_of(town)
    ana.texts("please make it stop, the pain will not stop")
    assert not is_out(town)
    assert len(town.cases()) == 1


@pytest.mark.parametrize("word", ["END", "quit"])
def test_one_word_that_may_mean_more_opts_out_and_is_seen(town: Town, word: str) -> None:
    _, ana = ana_of(town)
    ana.texts(word)
    assert is_out(town)
    [case] = town.cases()
    assert case.priority == 2


def test_stop_from_somebody_fragile_is_seen(town: Town) -> None:
    _, ana = ana_of(town, flags=["si_baseline"])
    ana.texts("STOP")
    assert is_out(town)
    [case] = town.cases()
    assert case.priority == 2


def test_stop_after_a_low_mood_joins_the_case(town: Town) -> None:
    _, ana = ana_of(town)
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=6))
    ana.texts("mood 2 pain 5").texts("STOP")
    [case] = town.cases()
    assert case.state == "open"
    assert disposition(town) == "escalation"


def test_stop_i_want_to_die_opts_out_and_is_a_crisis(any_town: Town) -> None:
    town = any_town
    _, ana = ana_of(town)
    ana.texts("stop, I want to die")
    assert is_out(town)
    assert ana.news[-1].startswith(FULL)
    [case] = town.cases()
    assert case.priority == 4
    assert "STAT case 1: the patient opted out of texts. Phone them." in town.phone_of(town.noor).received[-1]


def test_a_crisis_after_stop_is_still_a_crisis(town: Town) -> None:
    """The carrier blocks our answer (21610), so the page must say that the patient did not get it."""
    _, ana = ana_of(town)
    ana.texts("STOP")
    ana.news  # noqa: B018 - the carrier's own answer
    ana.texts("I want to die")
    assert ana.news == []
    [case] = town.cases()
    assert case.priority == 4
    told = [page for person in (town.noor, town.vera, town.dov) for page in town.phone_of(person).received]
    assert any("our text did NOT reach the patient. Phone them." in page for page in told)


def test_a_stop_that_only_the_carrier_heard_is_taken_over(any_town: Town) -> None:
    town = any_town
    patient, ana = ana_of(town)
    town.carrier.ledger.block(town.clinic.number, patient.phone)
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=6))
    assert ana.news == []
    assert is_out(town)
    assert ledger(town)[-1] == ("opt_out", "carrier")
    with town.inside():
        [prompt] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.error_code == 21610))
        assert prompt.state == "failed"
    [case] = town.cases()
    assert case.priority == 1


def test_start_opts_in_again(town: Town) -> None:
    _, ana = ana_of(town)
    ana.texts("STOP").texts("START")
    assert not is_out(town)
    assert [kind for kind, _ in ledger(town)] == ["given", "opt_out", "opt_in"]
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=6))
    assert "How is your mood today?" in ana.news[-1]


def test_start_without_a_stop_changes_nothing(town: Town) -> None:
    _, ana = ana_of(town)
    ana.texts("START")
    assert [kind for kind, _ in ledger(town)] == ["given"]


def test_stop_twice_is_one_line(town: Town) -> None:
    _, ana = ana_of(town)
    ana.texts("STOP").texts("stop texting me")
    assert [kind for kind, _ in ledger(town)] == ["given", "opt_out"]


def test_staff_cannot_text_somebody_who_opted_out(town: Town) -> None:
    patient, ana = ana_of(town)
    ana.texts("STOP")
    with town.inside(), pytest.raises(Conflict):
        send_to_patient(patient, "How are you?", "test", town.house)


def test_a_prompt_that_is_queued_when_stop_comes_does_not_leave(town: Town) -> None:
    patient, ana = ana_of(town)
    town.handsets.post("/faults", json={"next": [{"do": "429", "times": 3}]})
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=0, second=1), step=timedelta(hours=6))
    ana.texts("please stop texting me")
    ana.news  # noqa: B018 - the answer to that
    town.wait(minutes=10)
    assert ana.news == []
    assert patient.opted_out_at is None  # the row in hand is an old one; the product looks at the new one
    assert is_out(town)


def test_without_consent_nobody_is_texted(town: Town) -> None:
    patient = town.enrol_patient(consent=None)
    town.treat(patient)
    town.wait_until((A_TUESDAY + timedelta(days=2)).replace(hour=12), step=timedelta(hours=8))
    assert town.phone_of(patient).received == []
    assert skipped(town) == {"no consent on record"}


def test_a_paused_and_a_discharged_patient_get_no_check_ins(town: Town) -> None:
    paused, gone = town.enrol_patient(), town.enrol_patient("+15555550121")
    for patient, act in ((paused, "pause"), (gone, "discharge")):
        town.treat(patient)
        with town.inside():
            standing.set_standing((patient.clinic_id, patient.id), act, "test", town.house)
    town.wait_until((A_TUESDAY + timedelta(days=2)).replace(hour=12), step=timedelta(hours=8))
    for patient in (paused, gone):
        assert [text for text in town.phone_of(patient).received if "How is your mood" in text] == []
    assert {"paused", "discharged"} <= skipped(town)


def test_yes_answers_a_question_and_opts_in_only_when_nothing_was_asked(town: Town) -> None:
    _, ana = ana_of(town)
    ana.texts("STOP")
    town.carrier.ledger.unblock(town.clinic.number, ana.number)
    ana.texts("yes")
    assert not is_out(town)
