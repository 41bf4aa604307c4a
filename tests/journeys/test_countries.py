"""Whoever is in danger gets the numbers of where they are: patients of six countries, and nobody of a seventh."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.domain.texts import first_part
from backend.services.clinic import setting_up
from backend.services.invalid import Invalid
from backend.services.operating.verify import breaches
from backend.services.patients import enrolment
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.texts import OutboundMessage
from tests.journeys.carrier import post_inbound
from tests.town import Phone, Town

IN_DANGER = "I am going to kill myself tonight"
# Number, zone, emergency number and crisis line of somebody in each country (the clinical notes, 4a).
ABROAD = {
    "CA": ("+14165550142", "America/Toronto", "911", "988"),
    "GB": ("+447400123456", "Europe/London", "999", "111"),
    "IE": ("+353851234567", "Europe/Dublin", "112", "116 123"),
    "AU": ("+61412345678", "Australia/Sydney", "000", "13 11 14"),
    "NZ": ("+6421234567", "Pacific/Auckland", "111", "1737"),
}
OTHERS = {"911", "988", "999", "116 123", "000", "13 11 14", "1737", "50808", "85258"}


@pytest.mark.parametrize("country", ABROAD)
def test_a_patient_abroad_gets_the_numbers_of_her_own_country_in_every_text(town: Town, country: str) -> None:
    number, zone, emergency, line = ABROAD[country]
    patient = town.enrol_patient(number, country=country, timezone=zone)
    phone = town.phone_of(patient)
    town.wait(step=timedelta(hours=4), hours=24)
    [welcome] = phone.news
    assert emergency in welcome
    assert line in welcome
    phone.texts(IN_DANGER)
    [crisis] = phone.news
    assert crisis.startswith("Thank you for telling us.")
    assert f"Call {emergency}" in crisis
    assert line in first_part(crisis)
    town.wait(minutes=11)
    [repeat] = phone.texts(IN_DANGER).news
    assert repeat.startswith("We have your message")
    own = {emergency, line, *town.house.clinical.packs[country].numbers}
    for text in (welcome, crisis, repeat):
        assert [other for other in OTHERS - own if other in text.replace("415-555-0199", "")] == []


def test_a_patient_of_the_united_states_gets_the_signed_words_to_the_letter(town: Town) -> None:
    phone = town.phone_of(town.enrol_patient())
    assert phone.texts(IN_DANGER).received[-1] == (
        "Thank you for telling us. Call or text 988 now to talk with someone (free, 24/7; veterans press 1). In danger "
        "or might act on these thoughts? Call 911. Your safety matters. This line is automated, not watched 24/7: "
        "please do not wait for us. We are alerting staff. Harbor Clinic 415-555-0199"
    )


def test_who_reads_spanish_gets_the_same_numbers_in_spanish(town: Town) -> None:
    phone = town.phone_of(town.enrol_patient(language="es"))
    assert phone.texts("me quiero morir").received[-1] == (
        "Gracias por avisarnos. Para hablar con alguien ahora llame al 988 y oprima 2, o mande AYUDA al 988 (gratis, "
        "24/7). Si corre peligro llame al 911. Su seguridad importa. Nadie lee estos textos las 24 horas: no espere "
        "respuesta. Avisamos al personal. Harbor Clinic 415-555-0199"
    )


def found(town: Town, country: str, number: str = "+442079460100", name: str = "Mersey Clinic") -> Clinic:
    with town.inside():
        clinic = setting_up.add_clinic(
            town.house.clinical, town.clock.now(), name=name, number=number, timezone="Europe/London", country=country
        )
        town.hire(clinic, "Mo Mersey", "+447400123499", "manager")
        db.session.refresh(clinic)
        return clinic


def test_a_stranger_gets_the_numbers_of_the_clinic_that_she_wrote_to(town: Town) -> None:
    clinic = found(town, "uk")
    assert clinic.country == "GB"
    stranger = Phone(town, "+447400123457", clinic.number).texts(IN_DANGER)
    assert "Call 999" in stranger.received[-1]
    assert "option 2" in stranger.received[-1]


def test_a_patient_has_the_country_of_the_clinic_unless_another_is_named(town: Town) -> None:
    clinic = found(town, "GB")
    assert town.enrol_patient("+447400123457", clinic, timezone="Europe/London").country == "GB"
    assert town.enrol_patient("+353851234567", clinic, timezone="Europe/Dublin", country="ie").country == "IE"


def test_a_text_to_nobodys_number_is_answered_with_the_numbers_of_where_that_is(
    town: Town, request: pytest.FixtureRequest
) -> None:
    request.node.user_properties.append(("breaks_on_purpose", "S7"))  # nobody works there
    stranger = Phone(town, "+447400123457", "+442079460999").texts(IN_DANGER)
    assert "Call 999" in stranger.received[-1]
    with town.inside():
        assert db.session.get_one(Clinic, UNROUTED).country == "GB"


def test_a_clinic_and_a_patient_in_a_country_without_a_pack_are_refused(town: Town) -> None:
    with pytest.raises(Invalid) as refused:
        found(town, "FR")
    assert "there is no crisis pack for FR; there is one for AU, CA, GB, IE, NZ, US" in refused.value.faults["country"]
    with pytest.raises(Invalid) as refused:
        town.enrol_patient("+33612345678", country="FR", timezone="Europe/Paris")
    assert "AU, CA, GB, IE, NZ, US" in refused.value.faults["country"]


@pytest.mark.parametrize(
    ("country", "number", "field", "fault"),
    [
        ("US", "+14165550142", "phone", "a number of CA, and the patient's country is US"),
        ("CA", "+14155550142", "phone", "a number of US, and the patient's country is CA"),
        ("GB", "+353851234567", "phone", "starts with +44"),
        ("NZ", "+6421234567", "language", "exist in en"),
    ],
)
def test_a_country_that_does_not_fit_the_number_or_the_language_is_refused(
    town: Town, country: str, number: str, field: str, fault: str
) -> None:
    language = "es" if field == "language" else "en"
    with pytest.raises(Invalid) as refused:
        town.enrol_patient(number, country=country, language=language)
    assert fault in refused.value.faults[field]


def test_whoever_moves_abroad_gets_the_numbers_of_there_with_the_next_text(town: Town) -> None:
    patient = town.enrol_patient()
    old = town.phone_of(patient).texts(IN_DANGER)
    assert "911" in old.received[-1]
    with town.inside():
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        moved = {"phone": "+447400123456", "country": "UK", "timezone": "Europe/London"}
        enrolment.change(fresh, moved, "test", town.house)
        db.session.refresh(fresh)
    assert fresh.country == "GB"
    with town.inside():  # what went out before was whole where the phone was
        assert breaches(town.house)["S5"] == []
    town.wait(minutes=11)
    assert "Call 999" in old.texts(IN_DANGER).received[-1]  # the new phone has not said yes yet
    new = Phone(town, "+447400123456", town.clinic.number).texts("1")
    town.wait(hours=24, minutes=1, step=timedelta(hours=4))
    assert "Call 999" in new.texts(IN_DANGER).received[-1]
    with town.inside():  # what went to the old number is whole all the same
        assert breaches(town.house)["S5"] == []


def test_a_crisis_text_with_another_countrys_numbers_is_found(town: Town, request: pytest.FixtureRequest) -> None:
    request.node.user_properties.append(("breaks_on_purpose", "S5"))
    town.phone_of(town.enrol_patient("+447400123456", country="GB", timezone="Europe/London")).texts(IN_DANGER)
    with town.inside():
        assert breaches(town.house)["S5"] == []
        [text] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.text_name == "crisis"))
        text.body = text.body.replace("999", "911")
        db.session.commit()
        assert [row.partition(":")[0] for row in breaches(town.house)["S5"]] == ["crisis text that is not whole"]


def test_a_clinics_name_must_not_tell_what_it_does(town: Town) -> None:
    with pytest.raises(Invalid) as refused:
        found(town, "GB", name="Mersey Ketamine Clinic")
    assert "give the clinic a neutral name for its texts" in refused.value.faults["name"]


def test_a_short_code_in_danger_is_answered_too_and_breaks_no_check(town: Town) -> None:
    post_inbound(town, From="72975", Body=IN_DANGER)
    with town.inside():
        [text] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.text_name == "crisis"))
        assert "Call 911" in text.body
        assert breaches(town.house)["S5"] == []
