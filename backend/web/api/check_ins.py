"""Check-ins over the API: what is planned, what was asked, what was answered."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, select

from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.web.api.access import clinic_id, note_views
from backend.web.api.fields import Answer, Id, Moment, OneOf, Time
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page
from backend.web.api.patients import Baseline

CHECK_INS = Listing("check_ins", CheckIn, "due_at")

_UNSETTLED = (CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None), CheckIn.skipped_at.is_(None))
_STATES: dict[str, tuple[ColumnElement[bool], ...]] = {
    "planned": (*_UNSETTLED, CheckIn.prompted_at.is_(None)),
    "prompted": (*_UNSETTLED, CheckIn.prompted_at.is_not(None)),
    "answered": (CheckIn.answered_at.is_not(None),),
    "missed": (CheckIn.answered_at.is_(None), CheckIn.missed_at.is_not(None)),
    "skipped": (CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None), CheckIn.skipped_at.is_not(None)),
}

State = Annotated[str, OneOf(tuple(_STATES))]


class CheckInShown(Answer):
    """One planned conversation, and what came of it."""

    id: UUID
    patient_id: UUID
    treatment_id: UUID
    name: str
    asks: list[str]
    state: str
    due_at: Moment
    send_by: Moment
    answer_by: Moment
    prompted_at: Moment | None
    answered_at: Moment | None
    missed_at: Moment | None
    skipped_at: Moment | None
    skipped_because: str | None
    timezone: str | None
    moved_because: str | None
    reminded_at: Moment | None
    safe: bool | None
    side_effects: str | None
    bladder: str | None
    energy: str | None
    scores: Baseline
    sleep: int | None


class CheckInPage(Answer):
    """A page of check-ins, in the order in which they are due."""

    items: list[CheckInShown]
    next_cursor: str | None


class CheckInQuery(Page):
    """Which check-ins are asked for."""

    patient_id: Id | None = None
    state: State | None = None
    from_: Time | None = Field(None, alias="from", description="Due at this time or later.")
    until: Time | None = Field(None, description="Due before this time.")


@operation("GET", "/check-ins", "patients:read", answer=CheckInPage, query=CheckInQuery)
def list_check_ins(query: CheckInQuery) -> CheckInPage:
    """The clinic's check-ins."""
    rows, cursor = CHECK_INS.take(query, select(CheckIn).where(CheckIn.clinic_id == clinic_id(), *_chosen(query)))
    note_views("check_ins_viewed", [row.patient_id for row in rows])
    return CheckInPage(items=check_ins_shown(rows), next_cursor=cursor)


def _chosen(query: CheckInQuery) -> list[ColumnElement[bool]]:
    chosen = list(_STATES[query.state]) if query.state else []
    if query.patient_id:
        chosen.append(CheckIn.patient_id == query.patient_id)
    if query.from_:
        chosen.append(CheckIn.due_at >= query.from_)
    if query.until:
        chosen.append(CheckIn.due_at < query.until)
    return chosen


def check_ins_shown(rows: Sequence[CheckIn]) -> list[CheckInShown]:
    scores = _scores([row.id for row in rows])
    return [_shown(row, scores.get(row.id, {})) for row in rows]


def _shown(row: CheckIn, scores: dict[str, int]) -> CheckInShown:
    taken_over = {name: getattr(row, name) for name in CheckInShown.model_fields.keys() - {"scores", "sleep"}}
    given = Baseline(mood=scores.get("mood"), pain=scores.get("pain"))
    return CheckInShown(**taken_over, scores=given, sleep=scores.get("sleep"))


def _scores(check_in_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """The newest score of each measure that a check-in was answered with."""
    found: dict[UUID, dict[str, int]] = {}
    answers = select(Score).where(Score.clinic_id == clinic_id(), Score.check_in_id.in_(check_in_ids))
    for score in db.session.scalars(answers.order_by(Score.at, Score.id)):
        if score.check_in_id is not None:
            found.setdefault(score.check_in_id, {})[score.measure] = score.value
    return found
