"""Patients are enrolled, changed, paused and discharged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.consent import METHODS
from backend.domain.countries import as_country, number_fault
from backend.domain.outbound import Kind
from backend.domain.phone import parse_phone
from backend.domain.protocol import FLAGS, TRACKS
from backend.domain.schedule import next_opening, zone_named
from backend.services import audit
from backend.services.fields import Faults, as_name, check_baseline, not_after, one_of
from backend.services.house import Clinical, House
from backend.services.invalid import Invalid, NotFound
from backend.services.patients.consent import record_block, record_consent
from backend.services.patients.numbers import FORMER_STOPPED, change_number, refuse_shared, release
from backend.services.patients.planning import hold_patient, replan, window_of
from backend.services.texting import outbox
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient
from backend.store.work import transaction

ADULT, OLDEST = 18, 120  # years


@dataclass(frozen=True, slots=True)
class Consent:
    """Documented consent to texts: when, how, and where it can be found again."""

    given_at: datetime
    method: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is known of a new patient. Numbers in E.164, zone as IANA name, baselines 0-10."""

    given_name: str
    family_name: str
    phone: str
    timezone: str
    language: str = "en"
    country: str | None = None
    """Two letters; the clinic's when nothing is said."""
    track: str = "both"
    external_id: str | None = None
    flags: Sequence[str] = ()
    consent: Consent | None = None
    baseline: Mapping[str, int] = field(default_factory=dict)
    window_opens: time | None = None
    window_closes: time | None = None
    born_on: date | None = None


def check(clinic: Clinic, new: Enrolment, house: House) -> str:
    """Whether this patient could be enrolled; gives their number in E.164. Raises `Invalid` naming every field."""
    faults = Faults()
    number = faults.check("phone", parse_phone, new.phone)
    _check_enrolment(new, faults, house, clinic)
    if number and not faults:
        faults |= _country_faults(new, number, clinic, house.clinical)
    faults.done()
    refuse_shared(clinic.id, None, str(number))
    _refuse_twins(clinic.id, None, new.external_id)
    return str(number)


def enrol(clinic: Clinic, new: Enrolment, actor: str, house: House) -> Patient:
    """Enrol a patient and, with consent, welcome them inside their own hours.

    Raises `Invalid` naming every field at once; nothing is half-saved.
    """
    [patient] = enrol_all(clinic, [new], actor, house)
    return patient


def enrol_all(clinic: Clinic, many: Sequence[Enrolment], actor: str, house: House) -> list[Patient]:
    """Enrol all of these patients or, when one cannot be, none. Raises `Invalid`."""
    numbers = [check(clinic, new, house) for new in many]
    with transaction():
        return [_enrol(clinic, new, number, actor, house) for new, number in zip(many, numbers, strict=True)]


def _enrol(clinic: Clinic, new: Enrolment, number: str, actor: str, house: House) -> Patient:
    now, ring = house.now(), keyring()
    refuse_shared(clinic.id, None, number)
    blocked = release(clinic.id, None, number, actor, now)
    _refuse_twins(clinic.id, None, new.external_id)
    _free_record(clinic.id, new.external_id)
    patient = Patient(
        id=uuid7(), clinic_id=clinic.id, external_id=new.external_id or None,
        external_id_digest=ring.digest(new.external_id) if new.external_id else None,
        given_name=as_name(new.given_name), family_name=as_name(new.family_name), phone=number,
        phone_digest=ring.digest(number), timezone=new.timezone, language=new.language, country=_country(new, clinic),
        track=new.track, flags=sorted(set(new.flags)), baseline_mood=new.baseline.get("mood"),
        baseline_pain=new.baseline.get("pain"), given_mood=new.baseline.get("mood"),
        given_pain=new.baseline.get("pain"), window_opens=new.window_opens, window_closes=new.window_closes,
        born_on=new.born_on.isoformat() if new.born_on else None, created_at=now,
    )  # fmt: skip
    db.session.add(patient)
    db.session.flush()
    if blocked:
        record_block(patient, FORMER_STOPPED, now)
    if new.consent is not None:
        record_consent(patient, new.consent.method, new.consent.evidence, new.consent.given_at, actor)
        welcome(patient, clinic, house)
    audit.record(clinic.id, actor, "enrolled", patient.id, now)
    return patient


def _check_enrolment(new: Enrolment, faults: Faults, house: House, clinic: Clinic) -> None:
    clinical, now = house.clinical, house.now()
    faults.check("given_name", as_name, new.given_name)
    faults.check("family_name", as_name, new.family_name)
    faults.check("timezone", zone_named, new.timezone)
    faults.check("track", one_of(TRACKS), new.track)
    faults.check("language", one_of(clinical.texts.languages), new.language)
    faults.check("country", one_of(sorted(clinical.packs)), _country(new, clinic))
    for flag in new.flags:
        faults.check("flags", one_of(FLAGS), flag)
    check_baseline(new.baseline, faults)
    window = house.protocol_of(clinic).window
    faults.check("window", lambda _: window.narrowed(new.window_opens, new.window_closes), None)
    check_age(new.born_on, new.timezone, clinic, now, faults)
    if new.consent is not None:
        check_consent(new.consent, now, faults, "consent.")


def check_consent(consent: Consent, now: datetime, faults: Faults, prefix: str = "") -> None:
    """What is wrong with a documented consent, under its fields' names after `prefix`."""
    faults.check(f"{prefix}method", one_of(METHODS), consent.method)
    faults.check(f"{prefix}given_at", not_after(now), consent.given_at)
    if not consent.evidence.strip():
        faults[f"{prefix}evidence"] = "say where the consent is documented"


def check_age(born_on: date | None, timezone: str, clinic: Clinic, now: datetime, faults: Faults) -> None:
    """Minors are followed up only where the clinic has a policy for it (CLINICAL.md 1a, row 10)."""
    if born_on is None or "timezone" in faults:
        return
    today = now.astimezone(zone_named(timezone)).date()
    age = age_on(today, born_on)
    if not 0 <= age <= OLDEST:
        faults["born_on"] = "no patient was born on this day; check the date"
    elif age < ADULT and not clinic.minors_policy:
        faults["born_on"] = (
            f"this patient is {age}; nobody under {ADULT} is enrolled while the clinic has no policy for minors "
            "(aftercare clinic minors --clinic C --policy where-it-is-documented)"
        )


def age_on(day: date, born_on: date) -> int:
    """Whole years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _country(new: Enrolment, clinic: Clinic) -> str:
    return as_country(new.country or "") or clinic.country


def _country_faults(new: Enrolment, number: str, clinic: Clinic, clinical: Clinical) -> dict[str, str]:
    """Why the texts of the patient's country cannot go to this phone, in this language, under this clinic's name."""
    pack = clinical.packs[_country(new, clinic)]
    if fault := number_fault(number, pack):
        return {"phone": fault}
    if new.language not in pack.languages:
        return {"language": f"the crisis texts of {pack.country} exist in {', '.join(pack.languages)}"}
    unfit = clinical.faults_for(clinic=clinic.name, phone=clinic.phone, country=pack.country)
    return {"country": f"the clinic's texts cannot go to {pack.country}: {unfit[0]}"} if unfit else {}


def _refuse_twins(clinic_id: UUID, patient_id: UUID | None, external_id: str | None) -> None:
    """Raises `Invalid` when another patient in the clinic's care has this id."""
    others = _of_record(clinic_id, external_id) if external_id else ()
    if any(other.id != patient_id and other.in_care for other in others):
        raise Invalid({"external_id": "another patient of this clinic has this id"})


def _free_record(clinic_id: UUID, external_id: str | None) -> None:
    """Whoever comes back after their care had ended is enrolled anew under the same record number."""
    for former in _of_record(clinic_id, external_id) if external_id else ():
        former.external_id_digest = None
    db.session.flush()


def _of_record(clinic_id: UUID, external_id: str) -> Sequence[Patient]:
    digests = keyring().digests(external_id)
    return db.session.scalars(
        select(Patient).where(Patient.clinic_id == clinic_id, Patient.external_id_digest.in_(digests))
    ).all()


def welcome(patient: Patient, clinic: Clinic, house: House, text_name: str = "welcome") -> None:
    """Tell the patient, inside their own hours and the caller's transaction, that the clinic texts them from now on."""
    now = house.now()
    window = window_of(patient, house.protocol_of(clinic).window)
    opening = next_opening(now, window, zone_named(patient.timezone))
    outbox.to_patient(patient, clinic, Kind.WELCOME, text_name, house, now, send_at=opening)


def patient_of(clinic_id: UUID, patient_id: UUID) -> Patient:
    """Raises `NotFound` when this clinic has no such patient (S12)."""
    patient = db.session.get(Patient, (clinic_id, patient_id))
    if patient is None:
        raise NotFound
    return patient


def change(patient: Patient, changes: Mapping[str, Any], actor: str, house: House) -> Patient:
    """Change what is known of a patient (not consent). Raises `Invalid` naming every field at once.

    Whoever moves to another zone, or wants other hours, is asked at the new hours from now on. Another number counts
    only once it has said yes, unless nobody was texted on the old one.
    """
    now = house.now()
    clinic = db.session.get_one(Clinic, patient.clinic_id)
    faults = Faults()
    known = {name: getattr(patient, name) for name in _CHANGEABLE} | {"phone": patient.pending_phone or patient.phone}
    merged = Enrolment(**(known | dict(changes)))
    number = faults.check("phone", parse_phone, merged.phone)
    _check_enrolment(merged, faults, house, clinic)
    if number and not faults:
        faults |= _country_faults(merged, number, clinic, house.clinical)
    faults.done()
    ring = keyring()
    with transaction():
        kept = hold_patient(patient.clinic_id, patient.id)
        assert kept is not None
        _refuse_twins(kept.clinic_id, kept.id, changes.get("external_id"))
        if "external_id" in changes:
            _free_record(kept.clinic_id, changes["external_id"])
        for name in _CHANGEABLE & changes.keys():
            setattr(kept, name, getattr(merged, name))
        kept.country = _country(merged, clinic)
        if merged.born_on is not None:
            kept.born_on = merged.born_on.isoformat()
        if "phone" in changes:
            change_number(kept, number, actor, house)
        if "external_id" in changes:
            kept.external_id_digest = ring.digest(kept.external_id) if kept.external_id else None
        for measure in ("mood", "pain"):
            if measure in changes.get("baseline", {}):
                setattr(kept, f"baseline_{measure}", changes["baseline"][measure])
                setattr(kept, f"given_{measure}", changes["baseline"][measure])
        if _PLANNED_BY & changes.keys() and kept.in_care:
            replan(kept, clinic, house)
        audit.record(kept.clinic_id, actor, "patient_changed", kept.id, now, ",".join(sorted(changes)))
    return kept


_PLANNED_BY = frozenset({"timezone", "country", "track", "flags", "window_opens", "window_closes"})
_CHANGEABLE = _PLANNED_BY | {"external_id", "given_name", "family_name", "language"}
