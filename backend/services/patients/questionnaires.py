"""Questionnaires that staff took are kept, and what they say goes before a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.concerns import worst_first
from backend.domain.questionnaires import ITEM_9, KINDS, NAMES, Totals, of_questionnaire
from backend.services import audit
from backend.services.cases.opening import open_or_join
from backend.services.fields import Faults, not_after, one_of
from backend.services.house import House
from backend.services.invalid import NotFound
from backend.services.patients.planning import hold_patient
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Questionnaire
from backend.store.work import transaction


@dataclass(frozen=True, slots=True)
class NewQuestionnaire:
    """A questionnaire as staff took it; `taken_at` is aware. A PHQ-9 comes with its ninth item."""

    kind: str
    total: int
    taken_at: datetime
    item_9: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A questionnaire that was kept, and the number of the case it opened or joined."""

    questionnaire: Questionnaire
    case: int | None


def record_questionnaire(patient: Patient, new: NewQuestionnaire, actor: str, house: House) -> Recorded:
    """Keep a questionnaire; what is high or has risen opens a case or joins the open one, in the same transaction.

    Raises `Invalid` naming every field at once.
    """
    now = house.now()
    _check(new, now)
    with transaction() as session:
        held = hold_patient(patient.clinic_id, patient.id)
        if held is None:
            raise NotFound
        before = _before(held, new)
        row = Questionnaire(
            id=uuid7(), clinic_id=held.clinic_id, patient_id=held.id, kind=new.kind, total=new.total,
            item_9=new.item_9, taken_at=new.taken_at, actor=actor, created_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        audit.record(held.clinic_id, actor, "questionnaire_recorded", row.id, now, new.kind)
        totals = Totals(new.kind, new.total, new.item_9, before)
        return Recorded(row, _before_person(held, totals, house, now))


def questionnaires_of(clinic_id: UUID, patient_id: UUID) -> Sequence[Questionnaire]:
    """The patient's questionnaires, oldest first."""
    mine = (Questionnaire.clinic_id == clinic_id, Questionnaire.patient_id == patient_id)
    return db.session.scalars(
        select(Questionnaire).where(*mine).order_by(Questionnaire.taken_at, Questionnaire.id)
    ).all()


def _before(patient: Patient, new: NewQuestionnaire) -> int | None:
    """The total of the newest one of this kind that was taken before."""
    earlier = select(Questionnaire.total).where(
        Questionnaire.clinic_id == patient.clinic_id,
        Questionnaire.patient_id == patient.id,
        Questionnaire.kind == new.kind,
        Questionnaire.taken_at <= new.taken_at,
    )
    found: int | None = db.session.scalar(
        earlier.order_by(Questionnaire.taken_at.desc(), Questionnaire.id.desc()).limit(1)
    )
    return found


def _before_person(patient: Patient, totals: Totals, house: House, now: datetime) -> int | None:
    clinic = db.session.get_one(Clinic, patient.clinic_id)
    concerns = worst_first(list(of_questionnaire(totals, house.protocol_of(clinic).thresholds)))
    if not concerns:
        return None
    return open_or_join(clinic, patient.phone, patient, concerns, house, now).number


def _check(new: NewQuestionnaire, now: datetime) -> None:
    faults = Faults()
    faults.check("kind", one_of(list(KINDS)), new.kind)
    most = KINDS.get(new.kind, max(KINDS.values()))
    if not 0 <= new.total <= most:
        faults["total"] = f"write a whole number from 0 to {most}"
    if new.kind == "phq9" and (new.item_9 is None or not 0 <= new.item_9 <= ITEM_9):
        faults["item_9"] = f"write what item 9 of the {NAMES['phq9']} was answered with, from 0 to {ITEM_9}"
    elif new.kind == "phq9" and new.item_9 is not None and "total" not in faults and new.item_9 > new.total:
        faults["item_9"] = "item 9 is part of the total, and cannot be more"
    elif new.kind == "phq2" and new.item_9 is not None:
        faults["item_9"] = f"the {NAMES['phq2']} has no item 9; leave it out"
    faults.check("taken_at", not_after(now), new.taken_at)
    faults.done()
