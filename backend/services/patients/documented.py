"""Consent that staff document, and its revocation by any other way than a text."""

from backend.domain.consent import CHANNELS, refusal_of_words
from backend.services.fields import Faults, as_evidence, one_of
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid
from backend.services.patients.consent import record_consent, record_opt_out
from backend.services.patients.enrolment import Consent, check_consent, welcome
from backend.services.patients.standing import held, standing_of
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.work import Key, transaction


def give_consent(key: Key, given: Consent, actor: str, house: House) -> Patient:
    """Documented consent of a patient who had given none, or had opted out; they are told by text, unless the carrier
    blocks their number: then only START from that phone lifts it.

    Raises `NotFound`, `Conflict`, or `Invalid` naming every field at once: consent older than an opt-out lifts nothing.
    """
    faults = Faults()
    check_consent(given, house.now(), faults)
    faults.done()
    with transaction():
        patient = held(key)
        if not patient.in_care:
            raise Conflict("this patient is no longer in care here; enrol them again first")
        out_at = patient.opted_out_at
        if out_at is not None and given.given_at <= out_at:
            raise Invalid({"given_at": "the patient opted out after this; only consent given since then counts"})
        news = patient.consented_at is None or out_at is not None
        record_consent(patient, given.method, given.evidence.strip(), given.given_at, actor)
        if news and refusal_of_words(standing_of(patient)) is None:
            clinic = db.session.get_one(Clinic, patient.clinic_id)
            welcome(patient, clinic, house, "welcome" if out_at is None else "start")
    return patient


def revoke_consent(key: Key, method: str, evidence: str, actor: str, house: House) -> Patient:
    """The patient said by phone, by e-mail or in person that they want no more texts: none is sent from now on.

    Raises `NotFound`, or `Invalid` naming every field at once.
    """
    faults = Faults()
    faults.check("method", one_of(CHANNELS), method)
    faults.done()
    known, now = as_evidence(evidence), house.now()
    with transaction():
        patient = held(key)
        record_opt_out(patient, method, known, now, actor=actor)
    return patient
