"""What happened to a case: lines that are only ever added."""

from datetime import datetime

from backend.store.escalations import Escalation, EscalationEvent
from backend.store.work import Key, add_row


def add_event(case: Escalation, kind: str, now: datetime, **links: object) -> None:
    add_event_of((case.clinic_id, case.id), kind, now, **links)


def add_event_of(case: Key, kind: str, now: datetime, **links: object) -> None:
    add_row(EscalationEvent, clinic_id=case[0], escalation_id=case[1], kind=kind, at=now, **links)
