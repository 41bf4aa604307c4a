"""A concern is put before a person: a new case, or the open one of the same number."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Protocol
from uuid import UUID

from sqlalchemy import BindParameter, Select, bindparam, select, update
from uuid_utils.compat import uuid7

from backend.domain.concerns import Concern, Priority
from backend.domain.escalation import first_page_at
from backend.domain.schedule import zone_named
from backend.services.cases.events import add_event, add_event_of
from backend.services.cases.paging import is_opted_out, page_text, tell_holder, tell_of_text
from backend.services.house import House
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.work import Key, add_row, add_rows, numbered, run

PHONE = "phone_the_patient"


class ClinicOf(Protocol):
    """What a case needs of its clinic: the row, or just this."""

    @property
    def id(self) -> UUID: ...
    @property
    def timezone(self) -> str: ...


def open_or_join(
    clinic: ClinicOf,
    number: str,
    patient: Patient | None,
    concerns: Sequence[Concern],
    house: House,
    now: datetime,
    inbound_id: UUID | None = None,
) -> Escalation:
    """Put concerns before a person, inside the caller's transaction: a new case, or the open case of the same number,
    raised if they are more urgent. `concerns` are worst first and not empty.
    """
    patient_id = patient.id if patient else None
    case_id = put_before_person(clinic, number, patient_id, concerns, house, now, inbound_id)
    return db.session.get_one(Escalation, (clinic.id, case_id))


def put_before_person(
    clinic: ClinicOf,
    number: str,
    patient_id: UUID | None,
    concerns: Sequence[Concern],
    house: House,
    now: datetime,
    inbound_id: UUID | None,
    *,
    holder_hears: bool = False,
) -> UUID:
    """As `open_or_join`, when nobody needs more of the case than its id. `holder_hears`: whoever has taken the case
    hears of this text however little it worries.
    """
    digests, priority = keyring().digests(number), concerns[0].priority
    case_id = _open_case(clinic.id, digests)
    if case_id is None:
        # Another text of the same person may be opening one at this very moment: wait for it, and look again.
        run(_WAIT_FOR_CLINIC, {"clinic": clinic.id})
        case_id = _open_case(clinic.id, digests)
    if case_id is None:
        case_id = _open(clinic, digests[0], patient_id, priority, house, now)
        add_event_of((clinic.id, case_id), "opened", now, inbound_id=inbound_id)
    else:
        case = db.session.get_one(Escalation, (clinic.id, case_id))
        _join(case, priority, house, now, inbound_id, holder_hears=holder_hears)
    _keep((clinic.id, case_id), concerns, now, inbound_id)
    if priority >= Priority.ASAP and is_opted_out(clinic.id, patient_id):
        _ask_for_a_call((clinic.id, case_id), now)
    return case_id


def _ask_for_a_call(case: Key, now: datetime) -> None:
    """Say on the case, once, that the next step is a phone call."""
    asked = select(EscalationEvent.id).where(
        EscalationEvent.clinic_id == case[0], EscalationEvent.escalation_id == case[1], EscalationEvent.kind == PHONE
    )
    if db.session.scalar(asked.limit(1)) is None:
        add_event_of(case, PHONE, now)


# Texts that worry ask these, so they are put together once: that takes longer than to run them.
_WAIT_FOR_CLINIC = select(Clinic.id).where(Clinic.id == bindparam("clinic")).with_for_update(key_share=True)


_TAKE_NUMBER = (
    update(Clinic)
    .where(Clinic.id == bindparam("clinic"))
    .values(next_case=Clinic.next_case + 1)
    .returning(Clinic.next_case - 1)
    .execution_options(synchronize_session=False)
)


@cache
def _open_case_of(keys: int) -> Select[UUID]:
    """The question for the open case of a number, with as many digests as there are keys."""
    digests: list[BindParameter[bytes]] = [bindparam(f"digest{n}") for n in range(keys)]
    return (
        select(Escalation.id)
        .where(
            Escalation.clinic_id == bindparam("clinic"),
            Escalation.subject_digest.in_(digests),
            Escalation.resolved_at.is_(None),
        )
        .with_for_update()
    )


def _open_case(clinic_id: UUID, digests: Sequence[bytes]) -> UUID | None:
    found: UUID | None = run(_open_case_of(len(digests)), {"clinic": clinic_id} | numbered(digests)).scalar()
    return found


def _open(
    clinic: ClinicOf, digest: bytes, patient_id: UUID | None, priority: Priority, house: House, now: datetime
) -> UUID:
    case_id, rules = uuid7(), house.clinical.protocol.escalation
    add_row(
        Escalation,
        clinic_id=clinic.id,
        id=case_id,
        number=run(_TAKE_NUMBER, {"clinic": clinic.id}).scalar_one(),
        patient_id=patient_id,
        subject_digest=digest,
        priority=int(priority),
        opened_at=now,
        next_page_at=first_page_at(priority, now, rules, zone_named(clinic.timezone)),
    )
    return case_id


def _join(
    case: Escalation, priority: Priority, house: House, now: datetime, inbound_id: UUID | None, *, holder_hears: bool
) -> None:
    add_event(case, "joined", now, inbound_id=inbound_id)
    if priority > case.priority:
        case.priority = int(priority)
        add_event(case, "raised", now, inbound_id=inbound_id, detail=priority.label)
        _page_afresh(case, now)
    elif inbound_id is not None and (holder_hears or priority >= Priority.ASAP):
        tell_of_text(case, house, now, at_once=priority >= Priority.ASAP)
    elif priority >= Priority.ASAP:
        tell_holder(case, page_text(case), house, now)


def _page_afresh(case: Escalation, now: datetime) -> None:
    """Whoever took the case took a lesser one: it pages from the first step until somebody takes this one."""
    case.acknowledged_at = case.acknowledged_by = None
    case.step, case.next_page_at = None, now


def _keep(case: Key, concerns: Sequence[Concern], now: datetime, inbound_id: UUID | None) -> None:
    rows = []
    for concern in concerns:
        start, end = concern.span or (None, None)
        rows.append({
            "clinic_id": case[0], "escalation_id": case[1], "inbound_id": inbound_id, "name": concern.name,
            "priority": int(concern.priority), "rule": concern.rule, "reply": concern.reply.value, "why": concern.why,
            "span_start": start, "span_end": end, "at": now,
        })  # fmt: skip
    add_rows(ConcernRow, rows)
