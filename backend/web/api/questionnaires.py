"""Questionnaires over the API: staff took them, and what they say goes before a person."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from backend.domain.questionnaires import ITEM_9, KINDS
from backend.services.patients import enrolment, questionnaires
from backend.services.patients.questionnaires import NewQuestionnaire
from backend.store.patients import Questionnaire
from backend.web.api.access import clinic_id, note_views, owner
from backend.web.api.fields import Answer, Body, Moment, OneOf, Time
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page
from backend.web.current import house

QUESTIONNAIRES = Listing("questionnaires", Questionnaire, "taken_at", newest_first=True)

Total = Annotated[int, Field(ge=0, le=max(KINDS.values()), description="PHQ-2: 0 to 6. PHQ-9: 0 to 27.")]
ItemNine = Annotated[int, Field(ge=0, le=ITEM_9, description="The ninth item of a PHQ-9, which it needs.")]


class QuestionnaireIn(Body):
    """A questionnaire as staff took it. None is ever asked by text."""

    kind: Annotated[str, OneOf(tuple(KINDS))]
    total: Total
    item_9: ItemNine | None = None
    taken_at: Time


class QuestionnaireShown(Answer):
    """A questionnaire that was taken."""

    id: UUID
    patient_id: UUID
    kind: str
    total: int
    item_9: int | None
    taken_at: Moment
    created_at: Moment


class QuestionnaireRecorded(QuestionnaireShown):
    """A questionnaire as it was recorded, with the number of the case that it opened or joined."""

    case: int | None


class QuestionnairePage(Answer):
    """A page of a patient's questionnaires, the latest first."""

    items: list[QuestionnaireShown]
    next_cursor: str | None


@operation(
    "POST",
    "/patients/<uuid:patient_id>/questionnaires",
    "patients:write",
    answer=QuestionnaireRecorded,
    status=201,
    body=QuestionnaireIn,
)
def record_questionnaire(patient_id: UUID, body: QuestionnaireIn) -> QuestionnaireRecorded:
    """Record a PHQ-2 or PHQ-9 that staff took.

    One that is high, has risen, or has anything but 0 in its ninth item opens a case, or joins the open one.
    """
    patient = enrolment.patient_of(clinic_id(), patient_id)
    new = NewQuestionnaire(**body.model_dump())
    recorded = questionnaires.record_questionnaire(patient, new, owner().actor, house())
    return QuestionnaireRecorded(**_fields(recorded.questionnaire), case=recorded.case)


@operation("GET", "/patients/<uuid:patient_id>/questionnaires", "patients:read", answer=QuestionnairePage, query=Page)
def list_questionnaires(patient_id: UUID, query: Page) -> QuestionnairePage:
    """A patient's questionnaires."""
    enrolment.patient_of(clinic_id(), patient_id)
    mine = select(Questionnaire).where(Questionnaire.clinic_id == clinic_id(), Questionnaire.patient_id == patient_id)
    rows, cursor = QUESTIONNAIRES.take(query, mine)
    note_views("questionnaires_viewed", [patient_id])
    return QuestionnairePage(items=[QuestionnaireShown(**_fields(row)) for row in rows], next_cursor=cursor)


def _fields(row: Questionnaire) -> dict[str, Any]:
    return {name: getattr(row, name) for name in QuestionnaireShown.model_fields}
