"""Treatments over the API: record one, and see the check-ins it plans."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy import select

from backend.domain.protocol import ROUTES, SETTINGS
from backend.domain.rules import PainResponse, Response
from backend.services.invalid import NotFound
from backend.services.patients import enrolment, treatments
from backend.services.patients.response import pain_response
from backend.services.patients.treatments import NewTreatment, RecordedTreatment
from backend.store.database import db
from backend.store.patients import Treatment
from backend.web.api.access import clinic_id, note_views, owner
from backend.web.api.check_ins import CheckInShown, check_ins_shown
from backend.web.api.fields import LEFT_OUT, Answer, Body, Moment, OneOf, Reference, Time
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page
from backend.web.api.patients import Baseline, NewBaseline
from backend.web.current import house

TREATMENTS = Listing("treatments", Treatment, "ended_at", newest_first=True)

Route = Annotated[str, OneOf(ROUTES)]
Setting = Annotated[str, OneOf(SETTINGS)]


class TreatmentIn(Body):
    """One dosing visit. Its end is what the check-ins are planned from."""

    ended_at: Time
    route: Route = "iv"
    setting: Setting = "clinic"
    series_id: Reference | None = None
    baseline: NewBaseline = Field(default_factory=NewBaseline)
    escort: bool = Field(default=False, description="Whether somebody took the patient home.")
    co_sedative: bool = Field(default=False, description="Whether another sedative was given.")


class TreatmentChange(Body):
    """What to correct of a treatment; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    ended_at: Time = LEFT_OUT
    route: Route = LEFT_OUT
    setting: Setting = LEFT_OUT
    series_id: Reference | None = None
    baseline: NewBaseline = LEFT_OUT
    escort: bool = LEFT_OUT
    co_sedative: bool = LEFT_OUT

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class TreatmentDeletion(Body):
    """Why a treatment is taken back."""

    because: Reference


class TreatmentShown(Answer):
    """One dosing visit. One that was deleted plans nothing."""

    id: UUID
    patient_id: UUID
    ended_at: Moment
    route: str
    setting: str
    series_id: str | None
    baseline: Baseline
    escort: bool
    co_sedative: bool
    created_at: Moment
    deleted_at: Moment | None
    deleted_because: str | None
    pain_response: Annotated[str, OneOf(tuple(Response))] | None = Field(
        description="Of the newest treatment: whether pain is less than at baseline by enough, judged from day 21 on."
    )


class OmittedCheckIn(Answer):
    """A check-in of the protocol that this treatment does not get."""

    name: str
    reason: str


class TreatmentPlanned(TreatmentShown):
    """A treatment as it was recorded, with what it plans and what it does not."""

    check_ins: list[CheckInShown]
    omitted: list[OmittedCheckIn]


class TreatmentPage(Answer):
    """A page of a patient's treatments, the latest first."""

    items: list[TreatmentShown]
    next_cursor: str | None


@operation(
    "POST",
    "/patients/<uuid:patient_id>/treatments",
    "patients:write",
    answer=TreatmentPlanned,
    status=201,
    body=TreatmentIn,
)
def record_treatment(patient_id: UUID, body: TreatmentIn) -> TreatmentPlanned:
    """Record a treatment and plan its check-ins.

    Check-ins of an earlier treatment that are still to come are skipped.
    """
    patient = enrolment.patient_of(clinic_id(), patient_id)
    new = NewTreatment(**body.model_dump(exclude={"baseline"}), baseline=body.baseline.scores)
    return _planned(treatments.record_treatment(patient, new, owner().actor, house()))


@operation(
    "PATCH",
    "/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>",
    "patients:write",
    answer=TreatmentPlanned,
    body=TreatmentChange,
)
def correct_treatment(patient_id: UUID, treatment_id: UUID, body: TreatmentChange) -> TreatmentPlanned:
    """Correct what was recorded of a treatment, and plan anew.

    What was asked already stays; what is still to come moves.
    """
    key = _key(patient_id, treatment_id)
    changes = body.model_dump(exclude_unset=True, exclude={"baseline"})
    if "baseline" in body.model_fields_set:
        changes["baseline"] = body.baseline.scores
    return _planned(treatments.correct_treatment(key, changes, owner().actor, house()))


@operation(
    "POST",
    "/patients/<uuid:patient_id>/treatments/<uuid:treatment_id>/delete",
    "patients:write",
    answer=TreatmentShown,
    body=TreatmentDeletion,
)
def delete_treatment(patient_id: UUID, treatment_id: UUID, body: TreatmentDeletion) -> TreatmentShown:
    """Take back a treatment that never was.

    It stays on record with the reason. What an earlier treatment had planned comes back as far as it is still to come.
    """
    key = _key(patient_id, treatment_id)
    return TreatmentShown(**_fields(treatments.delete_treatment(key, body.because, owner().actor, house()), None))


def _key(patient_id: UUID, treatment_id: UUID) -> tuple[UUID, UUID]:
    """Raises `NotFound` unless the treatment is this patient's."""
    found = db.session.get(Treatment, (clinic_id(), treatment_id))
    if found is None or found.patient_id != patient_id:
        raise NotFound
    return clinic_id(), treatment_id


def _planned(recorded: RecordedTreatment) -> TreatmentPlanned:
    row = recorded.treatment
    judged = pain_response(enrolment.patient_of(row.clinic_id, row.patient_id), house())
    return TreatmentPlanned(
        **_fields(row, judged),
        check_ins=check_ins_shown(recorded.check_ins),
        omitted=[OmittedCheckIn(name=omitted.name, reason=omitted.reason) for omitted in recorded.omitted],
    )


@operation("GET", "/patients/<uuid:patient_id>/treatments", "patients:read", answer=TreatmentPage, query=Page)
def list_treatments(patient_id: UUID, query: Page) -> TreatmentPage:
    """A patient's treatments."""
    patient = enrolment.patient_of(clinic_id(), patient_id)
    mine = select(Treatment).where(Treatment.clinic_id == clinic_id(), Treatment.patient_id == patient_id)
    rows, cursor = TREATMENTS.take(query, mine)
    judged = pain_response(patient, house())
    items = [TreatmentShown(**_fields(row, judged)) for row in rows]
    note_views("treatments_viewed", [patient_id])
    return TreatmentPage(items=items, next_cursor=cursor)


def _fields(row: Treatment, judged: tuple[UUID, PainResponse] | None) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in TreatmentShown.model_fields.keys() - {"baseline", "pain_response"}}
    response = judged[1].verdict.value if judged is not None and judged[0] == row.id else None
    return columns | {
        "baseline": Baseline(mood=row.baseline_mood, pain=row.baseline_pain),
        "pain_response": response,
    }
