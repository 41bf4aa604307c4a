"""The carrier's blocks and our ledger kept in step, once a day: whoever stopped our texts there is opted out here."""

from datetime import datetime, timedelta

from sqlalchemy import select

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.consent import ConsentKind, carrier_hears
from backend.messaging.gateway import Blocked, MaybeSent
from backend.services.cases.opening import open_or_join
from backend.services.house import House
from backend.services.patients.consent import record_block, record_opt_out
from backend.services.patients.planning import hold_patient
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db, keyring
from backend.store.patients import ConsentEvent, Patient
from backend.store.texts import InboundMessage
from backend.store.work import Key, transaction, work_through

LOOK_BACK = timedelta(days=3)
_WHY = (
    "The phone company blocks our texts to this number, and nothing here had said so: the patient is opted out now. "
    "Phone them; only START from that phone lifts the block."
)


def take_over_blocks(house: House) -> int:
    """Go through what the carrier did not deliver in the last days because the recipient stopped our texts there.
    Returns how many patients are opted out by it.
    """
    clinics = db.session.scalars(select(Clinic).where(Clinic.id != UNROUTED)).all()
    return sum(_take_over_of(clinic, house) for clinic in clinics)


def _take_over_of(clinic: Clinic, house: House) -> int:
    number, since = clinic.number, max(house.now() - LOOK_BACK, clinic.created_at)
    db.session.rollback()  # no transaction stays open across a carrier call
    try:
        listed = house.gateway.blocked_since(sender=number, since=since)
    except MaybeSent:
        return 0  # asked again at the next tick
    newest = {text.to: text for text in sorted(listed, key=lambda text: text.at)}
    blocked = {key: text for text in newest.values() if (key := _whose(clinic, text.to)) is not None}
    return work_through("block", blocked, lambda key: _take_over(key, blocked[key], house))


def _whose(clinic: Clinic, number: str) -> Key | None:
    """The patient with this number whom nothing here says to be blocked."""
    found = db.session.scalar(
        select(Patient.id).where(
            Patient.clinic_id == clinic.id,
            Patient.phone_digest.in_(keyring().digests(number)),
            Patient.carrier_blocked_at.is_(None) | Patient.opted_out_at.is_(None),
        )
    )
    return None if found is None else (clinic.id, found)


def _take_over(key: Key, text: Blocked, house: House) -> None:
    now = house.now()
    with transaction() as session:
        patient = hold_patient(*key)
        if patient is None or patient.phone != text.to or _asked_back_since(patient, text.at):
            return
        evidence = f"carrier error 21610 on {text.message_sid}"
        record_block(patient, evidence, now)
        if record_opt_out(patient, "carrier", evidence, now):
            concern = Concern("blocked_at_carrier", Priority.ROUTINE, ReplyKind.NOTHING, "blocked-at-carrier", _WHY)
            open_or_join(session.get_one(Clinic, key[0]), patient.phone, patient, [concern], house, now)


def _asked_back_since(patient: Patient, at: datetime) -> bool:
    """Whether consent was documented, or START came, after that text: then it says nothing of today."""
    newer = select(ConsentEvent.id).where(
        ConsentEvent.clinic_id == patient.clinic_id,
        ConsentEvent.patient_id == patient.id,
        ConsentEvent.kind != ConsentKind.OPT_OUT.value,
        ConsentEvent.at >= at,
    )
    texts = select(InboundMessage.body).where(
        InboundMessage.clinic_id == patient.clinic_id,
        InboundMessage.patient_id == patient.id,
        InboundMessage.received_at >= at,
    )
    started = any(carrier_hears(body) is ConsentKind.OPT_IN for body in db.session.scalars(texts))
    return started or db.session.scalar(newer.limit(1)) is not None
