"""When each of the clock's ticks next has something to do, so that time can jump there."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from backend.domain.outbound import State
from backend.services.texting.inbox import LEFT_BEHIND
from backend.services.texting.outbox import OTHER_KINDS, SAFETY_KINDS
from backend.store.check_ins import CheckIn
from backend.store.database import UtcDateTime, db
from backend.store.escalations import Escalation
from backend.store.texts import InboundMessage, OutboundMessage

_IN_FLIGHT = (State.QUEUED.value, State.UNSURE.value)
_SEND = select(func.min(OutboundMessage.send_at)).where(OutboundMessage.send_at.is_not(None))
_NEXT: dict[str, Select[Any]] = {
    "page": select(func.min(Escalation.next_page_at)).where(Escalation.resolved_at.is_(None)),
    "send safety texts": _SEND.where(OutboundMessage.kind.in_(SAFETY_KINDS)),
    "send other texts": _SEND.where(OutboundMessage.kind.in_(OTHER_KINDS)),
    "understand": select(func.min(InboundMessage.received_at)).where(InboundMessage.processed_at.is_(None)),
    "chase unconfirmed": select(func.min(OutboundMessage.confirm_by)).where(OutboundMessage.confirm_by.is_not(None)),
    "prompt": select(func.min(CheckIn.due_at)).where(CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None)),
    "settle unknown": select(func.min(OutboundMessage.lease_until)).where(
        OutboundMessage.send_at.is_(None), OutboundMessage.state.in_(_IN_FLIGHT)
    ),
    "remind": select(func.min(CheckIn.prompted_at)).where(
        CheckIn.prompted_at.is_not(None),
        CheckIn.answered_at.is_(None),
        CheckIn.missed_at.is_(None),
        CheckIn.reminded_at.is_(None),
    ),
    "miss": select(func.min(CheckIn.answer_by)).where(
        CheckIn.prompted_at.is_not(None), CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None)
    ),
}
EVERY = {
    "take in missed": timedelta(days=1),  # and whenever the carrier has lost a text, as the town sees to
    "plan anew": timedelta(days=1),  # what a change of protocol leaves behind
    "new numbers": timedelta(hours=6),
    "seal audit": timedelta(hours=6),
    "carrier's blocks": timedelta(days=1),
}
"""Ticks that nothing in the database calls for."""
OTHERWISE = timedelta(minutes=30)
"""How often a tick runs of which no more is known than its name."""

Due = dict[str, datetime | None]


class DueWork:
    """Asks when each kind of work is next due: with one question, put together once, on a line of its own. It is asked
    tens of thousands of times, and a transaction of the session's around each would take longer than all answers.
    """

    def __init__(self, remind_after: timedelta) -> None:
        self._later = {"understand": LEFT_BEHIND, "remind": remind_after}
        dialect = db.engine.dialect
        together = select(*(question.scalar_subquery().label(name) for name, question in _NEXT.items()))
        words = str(together.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        self._question = words.replace("%%", "%")
        read = UtcDateTime().dialect_impl(dialect).result_processor(dialect, None)
        assert read is not None
        self._read = read
        self._line = db.engine.raw_connection()
        if dialect.name == "postgresql":
            self._line.driver_connection.autocommit = True  # type: ignore[union-attr]

    def next(self) -> Due:
        """Of what hangs on rows alone; what runs by the hour is not among it."""
        cursor = self._line.cursor()
        cursor.execute(self._question)
        [row] = cursor.fetchall()
        cursor.close()
        found: Due = {name: self._read(value) for name, value in zip(_NEXT, row, strict=True)}
        for name, wait in self._later.items():
            at = found[name]
            found[name] = None if at is None else at + wait
        return found

    def close(self) -> None:
        self._line.close()


def due_at(tick: str, due: Due, ran_at: dict[str, datetime], starts_at: datetime) -> datetime | None:
    """When this tick should run next; None if never as things stand."""
    if tick in due:
        return due[tick]
    return ran_at.get(tick, starts_at) + EVERY.get(tick, OTHERWISE)
