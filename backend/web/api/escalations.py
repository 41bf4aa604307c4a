"""Cases over the API: which wait, why, what happened, and a named person taking or closing one."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, select

from backend.domain.concerns import Priority
from backend.domain.escalation import Outcome
from backend.services.cases import acting
from backend.services.invalid import NotFound
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.texts import InboundMessage
from backend.web.api.access import clinic_id, note_proxy, note_views, staff_named
from backend.web.api.fields import Answer, Body, Moment, OneOf, StaffName
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page
from backend.web.current import house

CASES = Listing("escalations", Escalation, "opened_at", newest_first=True)

_STATES: dict[str, tuple[ColumnElement[bool], ...]] = {
    "open": (Escalation.resolved_at.is_(None), Escalation.acknowledged_at.is_(None)),
    "acknowledged": (Escalation.resolved_at.is_(None), Escalation.acknowledged_at.is_not(None)),
    "resolved": (Escalation.resolved_at.is_not(None),),
}

State = Annotated[str, OneOf(tuple(_STATES))]
OutcomeName = Annotated[str, OneOf(tuple(outcome.value for outcome in Outcome))]


class CaseQuery(Page):
    """Which cases are asked for."""

    state: State | None = None


class Acknowledgement(Body):
    """Who takes the case."""

    staff_id: StaffName


class Resolution(Body):
    """Who closes the case, and what came of it."""

    staff_id: StaffName
    outcome: OutcomeName
    note: str = Field("", max_length=acting.MOST_NOTE, description="Some outcomes need one.")


class CaseShown(Answer):
    """A case in short. `priority`: stat, asap, urgent or routine."""

    id: UUID
    number: int
    priority: str
    state: str
    patient_id: UUID | None
    opened_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: UUID | None
    resolved_at: Moment | None
    resolved_by: UUID | None
    outcome: str | None


class ConcernShown(Answer):
    """Why: the rule that found it, and the patient's own words. `span` indexes the text, half-open, in characters."""

    name: str
    priority: str
    rule: str
    why: str
    quote: str | None
    span: list[int] | None
    message_id: UUID | None
    at: Moment


class EventShown(Answer):
    """One thing that happened to a case."""

    id: UUID
    kind: str
    at: Moment
    staff_id: UUID | None
    message_id: UUID | None
    step: int | None
    detail: str


class CaseTold(CaseShown):
    """A case with why it was opened, worst first, and all that happened to it, oldest first."""

    concerns: list[ConcernShown]
    events: list[EventShown]


class CasePage(Answer):
    """A page of cases, the newest first."""

    items: list[CaseShown]
    next_cursor: str | None


@operation("GET", "/escalations", "escalations:read", answer=CasePage, query=CaseQuery)
def list_escalations(query: CaseQuery) -> CasePage:
    """The clinic's cases."""
    chosen = _STATES[query.state] if query.state else ()
    rows, cursor = CASES.take(query, select(Escalation).where(Escalation.clinic_id == clinic_id(), *chosen))
    items = [CaseShown(**_fields(row)) for row in rows]
    note_views("case_viewed", [item.id for item in items])
    return CasePage(items=items, next_cursor=cursor)


@operation("GET", "/escalations/<uuid:escalation_id>", "escalations:read", answer=CaseTold)
def get_escalation(escalation_id: UUID) -> CaseTold:
    """One case."""
    case = db.session.get(Escalation, (clinic_id(), escalation_id))
    if case is None:
        raise NotFound
    told = _told(case)
    note_views("case_viewed", [escalation_id])
    return told


@operation(
    "POST",
    "/escalations/<uuid:escalation_id>/acknowledge",
    "escalations:write",
    answer=CaseTold,
    body=Acknowledgement,
)
def acknowledge_escalation(escalation_id: UUID, body: Acknowledgement) -> CaseTold:
    """Take a case in a person's name.

    Paging stops at once, and the case asks that person for its outcome. The first to come has it; 409 for the others.
    """
    staff = staff_named(body.staff_id)
    case = acting.take((clinic_id(), escalation_id), staff, "api", house())
    note_proxy(staff, case.id)
    return _told(case)


@operation("POST", "/escalations/<uuid:escalation_id>/resolve", "escalations:write", answer=CaseTold, body=Resolution)
def resolve_escalation(escalation_id: UUID, body: Resolution) -> CaseTold:
    """Close a case in a person's name, with what came of it."""
    staff = staff_named(body.staff_id)
    case = acting.resolve((clinic_id(), escalation_id), staff, body.outcome, body.note, house())
    note_proxy(staff, case.id)
    return _told(case)


def _fields(case: Escalation) -> dict[str, Any]:
    columns = {name: getattr(case, name) for name in CaseShown.model_fields.keys() - {"priority"}}
    return columns | {"priority": Priority(case.priority).label}


def _told(case: Escalation) -> CaseTold:
    return CaseTold(**_fields(case), concerns=_concerns(case), events=_events(case))


def _concerns(case: Escalation) -> list[ConcernShown]:
    mine = select(ConcernRow).where(ConcernRow.clinic_id == case.clinic_id, ConcernRow.escalation_id == case.id)
    rows = db.session.scalars(mine.order_by(ConcernRow.priority.desc(), ConcernRow.at, ConcernRow.id)).all()
    bodies = _bodies([row.inbound_id for row in rows if row.inbound_id])
    return [_concern(row, bodies.get(row.inbound_id) if row.inbound_id else None) for row in rows]


def _concern(row: ConcernRow, body: str | None) -> ConcernShown:
    span = None if row.span_start is None or row.span_end is None else [row.span_start, row.span_end]
    return ConcernShown(
        name=row.name,
        priority=Priority(row.priority).label,
        rule=row.rule,
        why=row.why,
        quote=body[span[0] : span[1]] if body is not None and span else None,
        span=span,
        message_id=row.inbound_id,
        at=row.at,
    )


def _bodies(inbound_ids: Sequence[UUID]) -> dict[UUID, str]:
    texts = select(InboundMessage).where(InboundMessage.clinic_id == clinic_id(), InboundMessage.id.in_(inbound_ids))
    return {text.id: text.body for text in db.session.scalars(texts)}


def _events(case: Escalation) -> list[EventShown]:
    mine = select(EscalationEvent).where(
        EscalationEvent.clinic_id == case.clinic_id, EscalationEvent.escalation_id == case.id
    )
    rows = db.session.scalars(mine.order_by(EscalationEvent.at, EscalationEvent.id))
    return [
        EventShown(
            id=row.id,
            kind=row.kind,
            at=row.at,
            staff_id=row.staff_id,
            message_id=row.outbound_id or row.inbound_id,
            step=row.step,
            detail=row.detail,
        )
        for row in rows
    ]
