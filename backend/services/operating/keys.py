"""Key rotation: every encrypted field under the newest key, and its blind index with it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from backend.store.database import Base, ClinicRow, EncryptedText, db, keyring
from backend.store.escalations import ConcernRow, Escalation
from backend.store.patients import Patient, released_index
from backend.store.staff import Staff
from backend.store.texts import InboundMessage
from backend.store.work import transaction

BATCH = 200
_DIGEST_OF = {
    (Patient, "phone_digest"): "phone",
    (Patient, "pending_phone_digest"): "pending_phone",
    (Patient, "external_id_digest"): "external_id",
    (Staff, "phone_digest"): "phone",
    (Staff, "email_digest"): "email",
    (InboundMessage, "from_digest"): "from_number",
}


def rotate() -> int:
    """Re-encrypt every row with the newest key, in batches; safe to stop and to run again. Returns how many rows."""
    models = [mapper.class_ for mapper in Base.registry.mappers]
    return sum(_rotate_table(model) for model in models if _encrypted(model)) + _rotate_cases()


def _encrypted(model: type[Any]) -> list[str]:
    return [column.key for column in model.__table__.columns if isinstance(column.type, EncryptedText)]


def _rotate_table(model: type[ClinicRow]) -> int:
    done = 0
    for keys in _batches(model):
        with transaction() as session:
            for key in keys:
                row = session.get(model, key, with_for_update=True)
                if row is not None:
                    _rotate_row(model, row)
                    done += 1
        db.session.expunge_all()
    return done


def _rotate_row(model: type[ClinicRow], row: ClinicRow) -> None:
    for name in _encrypted(model):
        flag_modified(row, name)
    for (owner, digest), source in _DIGEST_OF.items():
        # A row without a digest is not to be found by this any more.
        if isinstance(row, owner) and getattr(row, digest) is not None:
            setattr(row, digest, keyring().digest(getattr(row, source)))
    if isinstance(row, Patient) and row.released_at is not None:
        row.phone_digest = keyring().digest(released_index(row.id))


def _rotate_cases() -> int:
    """A case's subject is the number it is about: its patient's, or that of the text that opened it."""
    done = 0
    for keys in _batches(Escalation):
        with transaction() as session:
            for key in keys:
                case = session.get_one(Escalation, key, with_for_update=True)
                number = _subject(case) if case.subject_digest is not None else None
                if number is not None:
                    case.subject_digest = keyring().digest(number)
                    done += 1
        db.session.expunge_all()
    return done


def _subject(case: Escalation) -> str | None:
    if case.patient_id is not None:
        patient = db.session.get_one(Patient, (case.clinic_id, case.patient_id))
        return patient.phone if patient.released_at is None else released_index(patient.id)
    return db.session.scalar(
        select(InboundMessage.from_number)
        .join(
            ConcernRow,
            (ConcernRow.clinic_id == InboundMessage.clinic_id) & (ConcernRow.inbound_id == InboundMessage.id),
        )
        .where(ConcernRow.clinic_id == case.clinic_id, ConcernRow.escalation_id == case.id)
        .limit(1)
    )


def _batches(model: type[ClinicRow]) -> list[Sequence[tuple[Any, Any]]]:
    keys = [(row.clinic_id, row.id) for row in db.session.execute(select(model.clinic_id, model.id))]
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
