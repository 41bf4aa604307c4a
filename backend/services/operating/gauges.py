"""What operations watch: how old the oldest waiting work is, and what is open. Computed when asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from backend.domain.concerns import Priority
from backend.services.house import House
from backend.services.operating.health import last_beat
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.texts import InboundMessage, OutboundMessage


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number with its labels. Ages are seconds, 0 when nothing waits."""

    name: str
    about: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def gauges(house: House) -> Iterator[Gauge]:
    """Everything, over all clinics."""
    now = house.now()
    unread = select(func.min(InboundMessage.received_at)).where(InboundMessage.processed_at.is_(None))
    yield Gauge("aftercare_oldest_unread_seconds", "Age of the oldest text not yet understood.", _age(unread, now))
    unsent = select(func.min(OutboundMessage.send_at)).where(OutboundMessage.send_at <= now)
    yield Gauge("aftercare_oldest_unsent_seconds", "Age of the oldest text due and not yet sent.", _age(unsent, now))
    due = (CheckIn.due_at <= now, CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None))
    unprompted = select(func.min(CheckIn.due_at)).where(*due)
    yield Gauge("aftercare_oldest_due_check_in_seconds", "Age of the oldest check-in due.", _age(unprompted, now))
    waiting = (Escalation.resolved_at.is_(None), Escalation.acknowledged_at.is_(None))
    unacknowledged = select(func.min(Escalation.opened_at)).where(*waiting)
    about = "Age of the oldest case that nobody has taken."
    yield Gauge("aftercare_oldest_unacknowledged_seconds", about, _age(unacknowledged, now))
    yield from _open_cases()
    beat_at = last_beat()
    silence = (house.machine_now() - beat_at).total_seconds() if beat_at else float("inf")
    yield Gauge("aftercare_clock_silence_seconds", "Since the last heartbeat of any clock.", silence)


def _age(oldest: Select[Any], now: datetime) -> float:
    at = db.session.scalar(oldest)
    return max((now - at).total_seconds(), 0.0) if at else 0.0


def _open_cases() -> Iterator[Gauge]:
    taken = Escalation.acknowledged_at.is_not(None)
    rows = db.session.execute(
        select(Escalation.priority, taken, func.count())
        .where(Escalation.resolved_at.is_(None))
        .group_by(Escalation.priority, taken)
    )
    counts = {(priority, bool(acknowledged)): count for priority, acknowledged, count in rows}
    for priority in Priority:
        for acknowledged in (False, True):
            labels = (("priority", priority.label), ("acknowledged", str(acknowledged).lower()))
            count = counts.get((int(priority), acknowledged), 0)
            yield Gauge("aftercare_open_cases", "Open cases.", count, labels)
