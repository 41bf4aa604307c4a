"""Clinics, staff, patients and treatments come in; from a treatment the check-ins are planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from backend.domain.consent import METHODS
from backend.domain.outbound import Kind
from backend.domain.phone import calling_code, parse_phone
from backend.domain.protocol import FLAGS, ROUTES, SETTINGS, TRACKS
from backend.domain.roles import CLINICIANS, ROLES
from backend.domain.schedule import Omitted, TreatmentFacts, check_in_times, next_opening, zone_named
from backend.domain.scores import Measure, Nrs
from backend.services import audit, outbox, unrouted
from backend.services.house import Clinical, House
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.standing import record_consent
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic, PolicyStep
from backend.store.database import db, keyring
from backend.store.patients import Patient, Treatment
from backend.store.staff import Shift, Staff
from backend.store.work import transaction

MOST_NAME = 120
LONGEST_SHIFT = timedelta(days=7)
OLDEST_TREATMENT = timedelta(days=365)


class Faults(dict[str, str]):
    """Collects what is wrong with each field, so that all of it is said at once."""

    def check(self, name: str, take: Any, value: Any) -> Any:
        """`take(value)`, or a fault under this field's name."""
        try:
            return take(value)
        except ValueError as error:
            self[name] = str(error)
            return None

    def done(self) -> None:
        if self:
            raise Invalid(self)


# Clinics and staff ---------------------------------------------------------------------------------------------------


def add_clinic(
    clinical: Clinical,
    now: datetime,
    *,
    name: str,
    number: str,
    timezone: str,
    country: str,
    phone: str = "",
    slug: str = "",
) -> Clinic:
    """A clinic, with the protocol's default policy. Raises `Invalid` naming every field at once."""
    faults = Faults()
    sender = faults.check("number", parse_phone, number)
    callback = faults.check("phone", parse_phone, phone) if phone else sender
    faults.check("timezone", zone_named, timezone)
    shown = faults.check("name", _name, name)
    if shown and callback:
        fit = clinical.faults_for(clinic=shown, phone=callback, country=country.upper())
        if fit:
            faults["country" if fit[0].startswith("country") else "name"] = fit[0].removeprefix("country: ")
    faults.done()
    with transaction() as session:
        unrouted.give_up(sender)
        slug = slug or _slug(shown)
        if session.scalar(select(Clinic.id).where((Clinic.number == sender) | (Clinic.slug == slug)).limit(1)):
            raise Invalid({"number": "another clinic already has this number or this name"})
        clinic = Clinic(
            id=uuid7(), slug=slug, name=shown, number=sender, phone=callback, timezone=timezone,
            country=country.upper(), created_at=now,
        )  # fmt: skip
        session.add(clinic)
        session.flush()
        session.add_all(_default_policy(clinic.id, clinical))
        audit.record(clinic.id, audit.SYSTEM, "clinic_added", clinic.id, now)
    return clinic


def _default_policy(clinic_id: UUID, clinical: Clinical) -> list[PolicyStep]:
    return [
        PolicyStep(
            clinic_id=clinic_id,
            position=position,
            audience=step.audience,
            wait_minutes=int(step.wait.total_seconds() // 60),
        )
        for position, step in enumerate(clinical.protocol.escalation.steps)
    ]


def add_staff(
    clinic: Clinic, now: datetime, *, name: str, email: str, phone: str, role: str, password_hash: str | None = None
) -> Staff:
    """A member of staff. Raises `Invalid` naming every field at once."""
    faults = Faults()
    number = faults.check("phone", parse_phone, phone)
    shown = faults.check("name", _name, name)
    address = faults.check("email", _email, email)
    faults.check("role", _one_of(ROLES), role)
    faults.done()
    ring = keyring()
    with transaction() as session:
        if session.scalar(select(Staff.id).where(Staff.email_digest.in_(ring.digests(address))).limit(1)):
            raise Invalid({"email": "somebody already signs in with this e-mail address"})
        person = Staff(
            id=uuid7(), clinic_id=clinic.id, name=shown, email=address, email_digest=ring.digest(address), phone=number,
            phone_digest=ring.digest(number), role=role, password_hash=password_hash, created_at=now,
        )  # fmt: skip
        session.add(person)
        audit.record(clinic.id, audit.SYSTEM, "staff_added", person.id, now, role)
    return person


def add_shift(staff: Staff, now: datetime, *, starts_at: datetime, ends_at: datetime, weekly: bool) -> Shift:
    """Put a person on call. Raises `Invalid`."""
    if not timedelta(0) < ends_at - starts_at <= LONGEST_SHIFT:
        raise Invalid({"until": "a shift ends after it starts and lasts at most 7 days"})
    with transaction() as session:
        shift = Shift(
            id=uuid7(),
            clinic_id=staff.clinic_id,
            staff_id=staff.id,
            starts_at=starts_at,
            ends_at=ends_at,
            weekly=weekly,
        )
        session.add(shift)
        audit.record(staff.clinic_id, audit.SYSTEM, "shift_added", staff.id, now)
    return shift


# Patients ------------------------------------------------------------------------------------------------------------


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
    country: str = "US"
    track: str = "both"
    external_id: str | None = None
    flags: Sequence[str] = ()
    consent: Consent | None = None
    baseline: Mapping[str, int] = field(default_factory=dict)


def check(clinic: Clinic, new: Enrolment, house: House) -> str:
    """Whether this patient could be enrolled; gives their number in E.164. Raises `Invalid` naming every field."""
    faults = Faults()
    number = faults.check("phone", parse_phone, new.phone)
    _check_enrolment(new, faults, house.clinical, house.now())
    if number and not faults:
        faults |= _country_faults(new, number, house.clinical)
    faults.done()
    _refuse_twins(clinic.id, None, number, new.external_id)
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
    _refuse_twins(clinic.id, None, number, new.external_id)
    now, ring = house.now(), keyring()
    patient = Patient(
        id=uuid7(), clinic_id=clinic.id, external_id=new.external_id or None,
        external_id_digest=ring.digest(new.external_id) if new.external_id else None,
        given_name=_name(new.given_name), family_name=_name(new.family_name), phone=number,
        phone_digest=ring.digest(number), timezone=new.timezone, language=new.language, country=new.country.upper(),
        track=new.track, flags=sorted(set(new.flags)), baseline_mood=new.baseline.get("mood"),
        baseline_pain=new.baseline.get("pain"), created_at=now,
    )  # fmt: skip
    db.session.add(patient)
    db.session.flush()
    if new.consent is not None:
        record_consent(patient, new.consent.method, new.consent.evidence, new.consent.given_at)
        _welcome(patient, clinic, house, now)
    audit.record(clinic.id, actor, "enrolled", patient.id, now)
    return patient


def _check_enrolment(new: Enrolment, faults: Faults, clinical: Clinical, now: datetime) -> None:
    faults.check("given_name", _name, new.given_name)
    faults.check("family_name", _name, new.family_name)
    faults.check("timezone", zone_named, new.timezone)
    faults.check("track", _one_of(TRACKS), new.track)
    faults.check("language", _one_of(clinical.texts.languages), new.language)
    faults.check("country", _one_of(sorted(clinical.packs)), new.country.upper())
    for flag in new.flags:
        faults.check("flags", _one_of(FLAGS), flag)
    _check_baseline(new.baseline, faults)
    if new.consent is not None:
        faults.check("consent.method", _one_of(METHODS), new.consent.method)
        faults.check("consent.given_at", _not_after(now), new.consent.given_at)
        if not new.consent.evidence.strip():
            faults["consent.evidence"] = "say where the consent is documented"


def _check_baseline(baseline: Mapping[str, int], faults: Faults) -> None:
    for measure, value in baseline.items():
        faults.check("baseline", _one_of([known.value for known in Measure]), measure)
        faults.check(f"baseline.{measure}", Nrs, value)


def _country_faults(new: Enrolment, number: str, clinical: Clinical) -> dict[str, str]:
    """The crisis numbers of one country must never go to a phone of another."""
    pack = clinical.packs[new.country.upper()]
    if calling_code(number) != pack.calling_code:
        return {"phone": f"a patient in {pack.country} needs a number that starts with +{pack.calling_code}"}
    if new.language not in pack.languages:
        return {"language": f"the crisis texts of {pack.country} exist in {', '.join(pack.languages)}"}
    return {}


def _refuse_twins(clinic_id: UUID, patient_id: UUID | None, number: str, external_id: str | None) -> None:
    """Raises `Invalid` when another patient of the clinic has this number or this id."""
    ring = keyring()
    others = select(Patient.id).where(Patient.clinic_id == clinic_id, Patient.id != (patient_id or UUID(int=0)))
    if db.session.scalar(others.where(Patient.phone_digest.in_(ring.digests(number))).limit(1)):
        raise Invalid({"phone": "another patient of this clinic has this number"})
    if external_id:
        same = others.where(Patient.external_id_digest.in_(ring.digests(external_id)))
        if db.session.scalar(same.limit(1)):
            raise Invalid({"external_id": "another patient of this clinic has this id"})


def _welcome(patient: Patient, clinic: Clinic, house: House, now: datetime) -> None:
    opening = next_opening(now, house.clinical.protocol.window, zone_named(patient.timezone))
    outbox.to_patient(patient, clinic, Kind.WELCOME, "welcome", house, now, send_at=opening)


def patient_of(clinic_id: UUID, patient_id: UUID) -> Patient:
    """Raises `NotFound` when this clinic has no such patient (S12)."""
    patient = db.session.get(Patient, (clinic_id, patient_id))
    if patient is None:
        raise NotFound
    return patient


def change(patient: Patient, changes: Mapping[str, Any], actor: str, house: House) -> Patient:
    """Change what is known of a patient (not consent). Raises `Invalid` naming every field at once."""
    now = house.now()
    faults = Faults()
    merged = Enrolment(**({name: getattr(patient, name) for name in _CHANGEABLE} | dict(changes)))
    number = faults.check("phone", parse_phone, merged.phone)
    _check_enrolment(merged, faults, house.clinical, now)
    if number and not faults:
        faults |= _country_faults(merged, number, house.clinical)
    faults.done()
    ring = keyring()
    with transaction() as session:
        kept = session.get_one(Patient, (patient.clinic_id, patient.id), with_for_update=True)
        _refuse_twins(kept.clinic_id, kept.id, number, merged.external_id)
        for name in _CHANGEABLE & changes.keys():
            setattr(kept, name, getattr(merged, name))
        kept.phone, kept.phone_digest = number, ring.digest(number)
        kept.external_id_digest = ring.digest(kept.external_id) if kept.external_id else None
        for measure in ("mood", "pain"):
            if measure in changes.get("baseline", {}):
                setattr(kept, f"baseline_{measure}", changes["baseline"][measure])
        audit.record(kept.clinic_id, actor, "patient_changed", kept.id, now, ",".join(sorted(changes)))
    return kept


_CHANGEABLE = frozenset(
    {"external_id", "given_name", "family_name", "phone", "timezone", "language", "country", "track", "flags"}
)


def set_standing(
    key: tuple[UUID, UUID], act: str, actor: str, house: House, *, clinician: Staff | None = None
) -> Patient:
    """`pause`, `resume` or `discharge`. Raises `NotFound` or `Conflict`.

    Resuming ends a pause. A hold after a crisis ends only when a named `clinician` resumes (CLINICAL.md 4e).
    """
    now = house.now()
    with transaction() as session:
        patient = session.get(Patient, key, with_for_update=True)
        if patient is None:
            raise NotFound
        if patient.discharged_at is not None and act != "discharge":
            raise Conflict("this patient is discharged; enrol them again to text them")
        if act == "pause":
            patient.paused_at = patient.paused_at or now
        elif act == "resume":
            patient.paused_at = None
            if clinician is not None and clinician.role in CLINICIANS:
                patient.held_at = None
        else:
            patient.discharged_at = patient.discharged_at or now
            _skip_planned(patient, "discharged", now)
        audit.record(patient.clinic_id, actor, f"patient_{act}", patient.id, now)
    return patient


# Treatments ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewTreatment:
    """One dosing visit as the clinic records it; `ended_at` is aware."""

    ended_at: datetime
    route: str = "iv"
    setting: str = "clinic"
    series_id: str | None = None
    baseline: Mapping[str, int] = field(default_factory=dict)
    escort: bool = False
    co_sedative: bool = False


@dataclass(frozen=True, slots=True)
class RecordedTreatment:
    """A treatment with what it plans and what it does not."""

    treatment: Treatment
    check_ins: Sequence[CheckIn]
    omitted: Sequence[Omitted]


def record_treatment(patient: Patient, new: NewTreatment, actor: str, house: House) -> RecordedTreatment:
    """Record a treatment and plan its check-ins; those of an earlier treatment that are still to come are skipped.

    Raises `Invalid` naming every field at once, or `Conflict` for a discharged patient.
    """
    now = house.now()
    _check_treatment(new, now)
    if patient.discharged_at is not None:
        raise Conflict("this patient is discharged; enrol them again first")
    with transaction() as session:
        treatment = Treatment(
            id=uuid7(), clinic_id=patient.clinic_id, patient_id=patient.id, ended_at=new.ended_at, route=new.route,
            setting=new.setting, series_id=new.series_id, baseline_mood=new.baseline.get("mood"),
            baseline_pain=new.baseline.get("pain"), escort=new.escort, co_sedative=new.co_sedative, created_at=now,
        )  # fmt: skip
        later = _later_treatment_exists(patient, new.ended_at)
        facts = _facts(patient, new)
        session.add(treatment)
        session.flush()
        planned, omitted = check_in_times(facts, house.clinical.protocol, zone_named(patient.timezone), patient.track)
        if not later:
            _skip_planned(patient, "a newer treatment", now)
        _renew_baseline(patient)
        rows = [_row(treatment, plan, now, superseded=later) for plan in planned]
        session.add_all(rows)
        audit.record(patient.clinic_id, actor, "treatment_recorded", treatment.id, now)
    return RecordedTreatment(treatment, rows, omitted)


def _check_treatment(new: NewTreatment, now: datetime) -> None:
    faults = Faults()
    faults.check("route", _one_of(ROUTES), new.route)
    faults.check("setting", _one_of(SETTINGS), new.setting)
    faults.check("ended_at", _not_after(now + timedelta(hours=24)), new.ended_at)
    if "ended_at" not in faults and new.ended_at < now - OLDEST_TREATMENT:
        faults["ended_at"] = "a treatment of more than a year ago plans nothing; check the date"
    _check_baseline(new.baseline, faults)
    faults.done()


def _facts(patient: Patient, new: NewTreatment) -> TreatmentFacts:
    mine = select(func.count()).where(Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id)
    return TreatmentFacts(
        ended_at=new.ended_at,
        route=new.route,
        setting=new.setting,
        first=db.session.scalar(mine) == 0,
        co_sedative=new.co_sedative,
        flagged=bool(patient.flags),
    )


def _renew_baseline(patient: Patient) -> None:
    """A patient's baseline is the median of the last three scores taken before a treatment (CLINICAL.md 9)."""
    for measure in ("mood", "pain"):
        column = getattr(Treatment, f"baseline_{measure}")
        taken = select(column).where(
            Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, column.is_not(None)
        )
        if values := db.session.scalars(taken.order_by(Treatment.ended_at.desc()).limit(3)).all():
            setattr(patient, f"baseline_{measure}", int(median_low(values)))


def _later_treatment_exists(patient: Patient, ended_at: datetime) -> bool:
    later = select(Treatment.id).where(
        Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, Treatment.ended_at > ended_at
    )
    return db.session.scalar(later.limit(1)) is not None


def _skip_planned(patient: Patient, because: str, now: datetime) -> None:
    db.session.execute(
        update(CheckIn)
        .where(
            CheckIn.clinic_id == patient.clinic_id,
            CheckIn.patient_id == patient.id,
            CheckIn.prompted_at.is_(None),
            CheckIn.skipped_at.is_(None),
        )
        .values(skipped_at=now, skipped_because=because)
        .execution_options(synchronize_session=False)
    )


def _row(treatment: Treatment, plan: Any, now: datetime, *, superseded: bool) -> CheckIn:
    """A check-in whose time is already over when the treatment is recorded is skipped then and there."""
    because = "a newer treatment" if superseded else "recorded too late" if plan.send_by <= now else None
    return CheckIn(
        id=uuid7(), clinic_id=treatment.clinic_id, patient_id=treatment.patient_id, treatment_id=treatment.id,
        name=plan.name, asks=list(plan.asks), due_at=plan.due_at, send_by=plan.send_by, answer_by=plan.answer_by,
        skipped_at=now if because else None, skipped_because=because,
    )  # fmt: skip


# Fields --------------------------------------------------------------------------------------------------------------


def _name(value: str) -> str:
    text = " ".join(value.split())
    if not 0 < len(text) <= MOST_NAME or not text.isprintable():
        raise ValueError(f"write between 1 and {MOST_NAME} printable characters")
    return text


def _email(value: str) -> str:
    text = value.strip()
    name, at, host = text.partition("@")
    if not (name and at and "." in host and text.isprintable() and " " not in text and len(text) <= MOST_NAME):
        raise ValueError("write an e-mail address, such as noor@clinic.example")
    return text


def _one_of(allowed: Sequence[str]) -> Any:
    def take(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return value

    return take


def _not_after(latest: datetime) -> Any:
    def take(value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("write the time with its offset, such as 2026-01-31T16:00:00-05:00")
        if value.astimezone(UTC) > latest:
            raise ValueError("this time lies in the future; check the date")
        return value

    return take


def _slug(name: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in name.casefold()).split()
    return "-".join(words)[:80] or "clinic"
