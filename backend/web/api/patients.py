"""Patients over the API: enrol, look, change, pause, resume, discharge."""

from collections.abc import Sequence
from datetime import date, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy import select

from backend.domain.consent import METHODS, refusal
from backend.domain.protocol import FLAGS, TRACKS
from backend.services.patients import enrolment, standing
from backend.services.patients.enrolment import Enrolment
from backend.services.patients.standing import standing_of
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient
from backend.web.api.access import clinic, clinic_id, note_proxy, note_views, owner, staff_named
from backend.web.api.fields import (
    LEFT_OUT,
    Answer,
    Body,
    Clock,
    Country,
    Day,
    Evidence,
    Moment,
    Name,
    OneOf,
    Phone,
    Reference,
    Score,
    StaffName,
    Time,
    Zone,
)
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page
from backend.web.current import house

LANGUAGES = ("en", "es")

PATIENTS = Listing("patients", Patient, "created_at")

Track = Annotated[str, OneOf(TRACKS)]
Language = Annotated[str, OneOf(LANGUAGES)]
Flags = Annotated[list[Annotated[str, OneOf(FLAGS)]], Field(max_length=len(FLAGS))]
Method = Annotated[str, OneOf(METHODS)]


class NewConsent(Body):
    """Documented consent to texts. Without it a patient gets none."""

    given_at: Time
    method: Method
    evidence: Evidence


class NewBaseline(Body):
    """What the patient scored before treatment; leave out what was not asked."""

    mood: Score = Field(default=LEFT_OUT, description="10 is best.")
    pain: Score = Field(default=LEFT_OUT, description="10 is worst.")

    @property
    def scores(self) -> dict[str, int]:
        return self.model_dump(exclude_unset=True)


class Window(Body):
    """Hours of the patient's own, local time, inside the clinic's; null for none."""

    opens: Clock | None = None
    closes: Clock | None = None


class NewPatient(Body):
    """A patient to enrol."""

    external_id: Reference | None = None
    given_name: Name
    family_name: Name
    phone: Phone
    timezone: Zone
    language: Language = "en"
    country: Country | None = Field(None, description="The clinic's country when left out.")
    track: Track = "both"
    flags: Flags = Field(default_factory=list)
    consent: NewConsent | None = None
    baseline: NewBaseline = Field(default_factory=NewBaseline)
    window: Window = Field(default_factory=Window)
    born_on: Day | None = Field(None, description="Under 18 is refused unless the clinic has a policy for minors.")


class PatientChange(Body):
    """What to change of a patient; what is left out stays as it is. Consent is not changed here.

    Another `phone` stands in `pending_phone` until it has said yes by text, unless nobody is texted on the old one.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    external_id: Reference | None = None
    given_name: Name = LEFT_OUT
    family_name: Name = LEFT_OUT
    phone: Phone = LEFT_OUT
    timezone: Zone = LEFT_OUT
    language: Language = LEFT_OUT
    country: Country = LEFT_OUT
    track: Track = LEFT_OUT
    flags: Flags = Field(default_factory=list)
    baseline: NewBaseline = LEFT_OUT
    window: Window = LEFT_OUT
    born_on: Day = LEFT_OUT

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class Resumption(Body):
    """Who ends the hold after a crisis, and why; a clinician. Without one only a pause ends."""

    staff_id: StaffName = LEFT_OUT
    note: str = Field("", max_length=500)


class ConsentGiven(Answer):
    """The newest documented consent."""

    given_at: Moment
    method: str
    evidence: str


class Baseline(Answer):
    """The scores that later ones are compared with."""

    mood: int | None
    pain: int | None


class WindowShown(Answer):
    """Hours of the patient's own; null where the clinic's hold."""

    opens: str | None
    closes: str | None


class PatientShown(Answer):
    """A patient, and how they stand with the clinic's texts."""

    id: UUID
    external_id: str | None
    given_name: str
    family_name: str
    phone: str
    pending_phone: str | None
    born_on: date | None
    timezone: str
    language: str
    country: str
    track: str
    flags: list[str]
    consent: ConsentGiven | None
    baseline: Baseline
    window: WindowShown
    consented_at: Moment | None
    opted_out_at: Moment | None
    held_at: Moment | None
    paused_at: Moment | None
    discharged_at: Moment | None
    deceased_at: Moment | None
    quarantined_at: Moment | None
    carrier_blocked_at: Moment | None
    released_at: Moment | None
    hold_ended_at: Moment | None
    agreed_by: UUID | None
    refused_because: str | None = Field(description="Why no check-in goes out; null when they do.")
    created_at: Moment


class PatientPage(Answer):
    """A page of the clinic's patients, in the order of their enrolment."""

    items: list[PatientShown]
    next_cursor: str | None


@operation("POST", "/patients", "patients:write", answer=PatientShown, status=201, body=NewPatient)
def enrol_patient(body: NewPatient) -> PatientShown:
    """Enrol a patient.

    With consent on record they are welcomed by text, inside their own hours.
    """
    consent = enrolment.Consent(**body.consent.model_dump()) if body.consent else None
    known = body.model_dump(exclude={"consent", "baseline", "window"}) | _hours(body.window)
    new = Enrolment(**known, consent=consent, baseline=body.baseline.scores)
    return shown_of(enrolment.enrol(clinic(), new, owner().actor, house()))


@operation("GET", "/patients", "patients:read", answer=PatientPage, query=Page)
def list_patients(query: Page) -> PatientPage:
    """The clinic's patients."""
    rows, cursor = PATIENTS.take(query, select(Patient).where(Patient.clinic_id == clinic_id()))
    items = _all_shown(rows)
    note_views("patient_viewed", [item.id for item in items])
    return PatientPage(items=items, next_cursor=cursor)


@operation("GET", "/patients/<uuid:patient_id>", "patients:read", answer=PatientShown)
def get_patient(patient_id: UUID) -> PatientShown:
    """One patient."""
    shown = shown_of(enrolment.patient_of(clinic_id(), patient_id))
    note_views("patient_viewed", [patient_id])
    return shown


@operation("PATCH", "/patients/<uuid:patient_id>", "patients:write", answer=PatientShown, body=PatientChange)
def change_patient(patient_id: UUID, body: PatientChange) -> PatientShown:
    """Change what is known of a patient."""
    patient = enrolment.patient_of(clinic_id(), patient_id)
    changes = body.model_dump(exclude_unset=True, exclude={"window"})
    changes |= _hours(body.window) if "window" in body.model_fields_set else {}
    return shown_of(enrolment.change(patient, changes, owner().actor, house()))


@operation("POST", "/patients/<uuid:patient_id>/pause", "patients:write", answer=PatientShown)
def pause_patient(patient_id: UUID) -> PatientShown:
    """Send no check-ins for now."""
    return _with_standing(patient_id, "pause")


@operation(
    "POST",
    "/patients/<uuid:patient_id>/resume",
    "patients:write",
    answer=PatientShown,
    body=Resumption,
    may_be_bare=True,
)
def resume_patient(patient_id: UUID, body: Resumption) -> PatientShown:
    """Send check-ins again.

    Ends a pause. It does not undo an opt-out (only the patient can). The hold that follows a crisis ends only when
    `staff_id` names a clinician; one ends it too by closing the case.
    """
    if not body.staff_id:
        return _with_standing(patient_id, "resume")
    staff, key = staff_named(body.staff_id), (clinic_id(), patient_id)
    shown = shown_of(
        standing.set_standing(key, "resume", owner().actor, house(), clinician=staff, evidence=body.note.strip())
    )
    note_proxy(staff, patient_id)
    return shown


@operation("POST", "/patients/<uuid:patient_id>/discharge", "patients:write", answer=PatientShown)
def discharge_patient(patient_id: UUID) -> PatientShown:
    """End the patient's care here.

    What was still planned is skipped. What they text all the same is still read.
    """
    return _with_standing(patient_id, "discharge")


def _with_standing(patient_id: UUID, act: str) -> PatientShown:
    return shown_of(standing.set_standing((clinic_id(), patient_id), act, owner().actor, house()))


def _hours(window: Window) -> dict[str, time | None]:
    return {"window_opens": window.opens, "window_closes": window.closes}


def shown_of(patient: Patient) -> PatientShown:
    """The answer to whatever was done with a patient."""
    return _all_shown([patient])[0]


def _all_shown(patients: Sequence[Patient]) -> list[PatientShown]:
    consents = _consents([patient.id for patient in patients])
    return [_answer(patient, consents.get(patient.id)) for patient in patients]


def _consents(patient_ids: Sequence[UUID]) -> dict[UUID, ConsentGiven]:
    """Each patient's newest line of documented consent."""
    given = select(ConsentEvent).where(
        ConsentEvent.clinic_id == clinic_id(), ConsentEvent.patient_id.in_(patient_ids), ConsentEvent.kind == "given"
    )
    return {
        line.patient_id: ConsentGiven(given_at=line.at, method=line.method, evidence=line.evidence)
        for line in db.session.scalars(given.order_by(ConsentEvent.id))
    }


def _answer(patient: Patient, consent: ConsentGiven | None) -> PatientShown:
    made = {"consent", "baseline", "window", "born_on", "refused_because"}
    taken_over = PatientShown.model_fields.keys() - made
    baseline = Baseline(mood=patient.baseline_mood, pain=patient.baseline_pain)
    window = WindowShown(opens=_clock(patient.window_opens), closes=_clock(patient.window_closes))
    columns = {name: getattr(patient, name) for name in taken_over}
    born_on = date.fromisoformat(patient.born_on) if patient.born_on else None
    reason = refusal(standing_of(patient))
    return PatientShown(
        **columns, consent=consent, baseline=baseline, window=window, born_on=born_on, refused_because=reason
    )


def _clock(at: time | None) -> str | None:
    return at.strftime("%H:%M") if at else None
