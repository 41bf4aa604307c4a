"""Two machines that answer each other: automatic replies stop after a while, and what concerns safety never does."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select

from backend.domain.concerns import ReplyKind
from backend.domain.outbound import Kind
from backend.domain.protocol import Conversation
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import run, table_of

WITHIN = timedelta(hours=1)
_NEVER_HELD = frozenset(
    {ReplyKind.CRISIS, ReplyKind.CRISIS_REPEAT, ReplyKind.MEDICAL, ReplyKind.SOFT, ReplyKind.NEUTRAL, ReplyKind.STOP}
)

# Every text in a quick exchange asks these, so they are put together once.
_IN, _OUT = table_of(InboundMessage), table_of(OutboundMessage)
_ANSWERED = select(_OUT.c.inbound_id).where(
    _OUT.c.clinic_id == bindparam("clinic"),
    _OUT.c.created_at > bindparam("since"),
    _OUT.c.kind == Kind.REPLY.value,
    _OUT.c.inbound_id.is_not(None),
)
_OF_PATIENT = _ANSWERED.where(_OUT.c.patient_id == bindparam("whose"))
_OF_CASE = _ANSWERED.where(_OUT.c.escalation_id == bindparam("whose"))


class Exchange(NamedTuple):
    """A text, and the patient or, of somebody unknown, the case that earlier ones are found by."""

    clinic_id: UUID
    body: str
    received_at: datetime
    patient_id: UUID | None
    case_id: UUID | None


def goes_round_in_circles(text: Exchange, reply: ReplyKind, rules: Conversation) -> bool:
    """Whether this reply would be one too many within the hour, or answers the same words once too often."""
    if reply in _NEVER_HELD:
        return False
    answered = _answered_lately(text)
    if len(answered) >= rules.replies_an_hour:
        return True
    return len(answered) >= rules.same_text and _times_said(text, answered) >= rules.same_text


def _answered_lately(text: Exchange) -> list[UUID]:
    """The texts of the last hour that got an automatic reply."""
    statement, whose = (_OF_PATIENT, text.patient_id) if text.patient_id else (_OF_CASE, text.case_id)
    if whose is None:
        return []
    of = {"clinic": text.clinic_id, "whose": whose, "since": text.received_at - WITHIN}
    return [row.inbound_id for row in run(statement, of)]


def _times_said(text: Exchange, answered: list[UUID]) -> int:
    bodies = select(_IN.c.body).where(_IN.c.clinic_id == text.clinic_id, _IN.c.id.in_(answered))
    return sum(row.body.strip().casefold() == text.body.strip().casefold() for row in run(bodies))
