"""Whose number it is: one patient a number, changed only when the new phone says yes, and given on when care ends."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, exists, select

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.consent import StandingKind
from backend.domain.outbound import POLICIES, Kind, State
from backend.domain.schedule import next_opening, zone_named
from backend.services import audit
from backend.services.cases.opening import open_or_join
from backend.services.fields import as_evidence
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid
from backend.services.patients.consent import record_block
from backend.services.patients.planning import window_of
from backend.services.patients.standing import drop_pending, held, note
from backend.services.texting import outbox
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.escalations import Escalation
from backend.store.patients import Patient, StandingEvent, released_index
from backend.store.texts import OutboundMessage
from backend.store.work import Key, transaction, work_through

ANSWER_WITHIN = timedelta(hours=24)
"""A new number that has not said yes for so long is put before staff: no check-in goes out meanwhile."""
SHARED = (
    "another patient of this clinic has this number; a text from it could be either's, so give a number of the "
    "patient's own, or end the other one's care first"
)
FORMER_STOPPED = "whoever had this number before stopped texts at the carrier"
PENDING = "another patient of this clinic is changing to this number; settle that first"


# One patient a number ------------------------------------------------------------------------------------------------


def refuse_shared(clinic_id: UUID, patient_id: UUID | None, number: str) -> None:
    """Raises `Invalid` while another patient in care has this number, or is changing to it."""
    digests, others = keyring().digests(number), _others(clinic_id, patient_id)
    in_care = (Patient.discharged_at.is_(None), Patient.deceased_at.is_(None))
    if db.session.scalar(others.where(Patient.phone_digest.in_(digests), *in_care).limit(1)):
        raise Invalid({"phone": SHARED})
    if db.session.scalar(others.where(Patient.pending_phone_digest.in_(digests)).limit(1)):
        raise Invalid({"phone": PENDING})


def release(clinic_id: UUID, patient_id: UUID | None, number: str, actor: str, now: datetime) -> bool:
    """Take this number from a patient whose care has ended, inside the caller's transaction: what came from it stays
    theirs, what comes from now on is not. True when the carrier blocks it: it does so for the next one too.
    """
    blocked, digests = False, keyring().digests(number)
    for found in db.session.scalars(_others(clinic_id, patient_id).where(Patient.phone_digest.in_(digests))).all():
        former = held((clinic_id, found))
        digest = keyring().digest(released_index(former.id))
        if (case := _open_case(clinic_id, number)) is not None:
            case.subject_digest = digest
        former.phone_digest, former.released_at = digest, now
        db.session.flush()
        note(former, StandingKind.NUMBER_RELEASED, actor, now)
        blocked = blocked or former.carrier_blocked_at is not None
    return blocked


def _others(clinic_id: UUID, patient_id: UUID | None) -> Select[UUID]:
    return select(Patient.id).where(Patient.clinic_id == clinic_id, Patient.id != (patient_id or UUID(int=0)))


# Another number ------------------------------------------------------------------------------------------------------


def change_number(patient: Patient, number: str, actor: str, house: House) -> None:
    """Give a patient another number, inside the caller's transaction, which holds the row. Where texts went to the old
    one, the new one must say yes first, and no check-in goes out meanwhile; else it is simply corrected.

    Raises `Invalid`, or `Conflict` for a patient who died.
    """
    if number == patient.phone:
        drop_pending(patient, actor, house.now(), "the number on record stays")
        return
    if number == patient.pending_phone:
        return
    if patient.deceased_at is not None:
        raise Conflict("this patient died; their number is not changed any more")
    refuse_shared(patient.clinic_id, patient.id, number)
    if _gets_no_texts(patient) or not _was_texted(patient):
        _switch(patient, number, actor, "corrected: nobody is texted on the old number", house)
    else:
        _ask(patient, number, actor, house)


def _gets_no_texts(patient: Patient) -> bool:
    return patient.consented_at is None or patient.opted_out_at is not None or patient.discharged_at is not None


def _was_texted(patient: Patient) -> bool:
    """Whether anything has left, or may have left, for this patient's phone."""
    left = select(OutboundMessage.id).where(
        OutboundMessage.clinic_id == patient.clinic_id,
        OutboundMessage.patient_id == patient.id,
        OutboundMessage.claimed_at.is_not(None),
        OutboundMessage.sent_at.is_not(None) | (OutboundMessage.state != State.FAILED.value),
    )
    return db.session.scalar(left.limit(1)) is not None


def _ask(patient: Patient, number: str, actor: str, house: House) -> None:
    now, clinic = house.now(), db.session.get_one(Clinic, patient.clinic_id)
    drop_pending(patient, actor, now, "another number was given")
    patient.pending_phone, patient.pending_phone_digest = number, keyring().digest(number)
    patient.pending_phone_at = now
    note(patient, StandingKind.NUMBER_CHANGE_ASKED, actor, now, number)
    words = house.clinical.texts.render(
        "confirm_number", patient.language, country=patient.country, clinic=clinic.name, phone=clinic.phone
    )
    window = window_of(patient, house.protocol_of(clinic).window)
    opening = next_opening(now, window, zone_named(patient.timezone))
    outbox.to_number(
        clinic.id, number, Kind.NUMBER_CHECK, "confirm_number", words, now, patient_id=patient.id, send_at=opening
    )


def confirm_number(key: Key, evidence: str, actor: str, house: House) -> Patient:
    """Staff know by other means that the new number is the patient's. Raises `NotFound`, `Conflict`, or `Invalid`
    without evidence.
    """
    known = as_evidence(evidence)
    with transaction():
        patient = held(key)
        if patient.pending_phone is None:
            raise Conflict("no new number waits to be confirmed")
        _switch(patient, patient.pending_phone, actor, known, house)
    return patient


def said_yes(key: Key, evidence: str, house: House, inbound_id: UUID) -> Patient:
    """The new phone itself said yes, inside the caller's transaction."""
    patient = held(key)
    assert patient.pending_phone is not None
    _switch(patient, patient.pending_phone, "patient", evidence, house, inbound_id)
    return patient


def _switch(
    patient: Patient, number: str, actor: str, evidence: str, house: House, inbound_id: UUID | None = None
) -> None:
    """From now on this is the patient's number, and what was in doubt about the old one is over."""
    now = house.now()
    blocked = release(patient.clinic_id, patient.id, number, actor, now)
    _take_case_along(patient, number)
    _redirect(patient, number)
    patient.phone, patient.phone_digest = number, keyring().digest(number)
    patient.pending_phone = patient.pending_phone_digest = patient.pending_phone_at = None
    patient.quarantined_at = patient.carrier_blocked_at = patient.released_at = None
    note(patient, StandingKind.NUMBER_CHANGED, actor, now, evidence, inbound_id=inbound_id)
    if blocked:
        record_block(patient, FORMER_STOPPED, now)


def _take_case_along(patient: Patient, number: str) -> None:
    """What the patient texts next joins their open case, also from the new number. Where that number has a case of its
    own already, that one goes on as theirs too.
    """
    mine, of_number = _open_case(patient.clinic_id, patient.phone), _open_case(patient.clinic_id, number)
    if of_number is not None:
        of_number.patient_id = patient.id
    if mine is not None:
        mine.subject_digest = None if of_number is not None else keyring().digest(number)
    db.session.flush()


def _open_case(clinic_id: UUID, number: str) -> Escalation | None:
    about = (Escalation.clinic_id == clinic_id, Escalation.subject_digest.in_(keyring().digests(number)))
    return db.session.scalars(select(Escalation).where(*about, Escalation.resolved_at.is_(None))).first()


def _redirect(patient: Patient, number: str) -> None:
    """What still waits to be sent goes to the new number; an answer goes where the text came from."""
    waiting = select(OutboundMessage).where(
        OutboundMessage.clinic_id == patient.clinic_id,
        OutboundMessage.patient_id == patient.id,
        OutboundMessage.send_at.is_not(None),
        OutboundMessage.inbound_id.is_(None),
        OutboundMessage.kind != Kind.NUMBER_CHECK.value,
    )
    for text in db.session.scalars(waiting):
        if not POLICIES[Kind(text.kind)].safety:
            text.to_number = number


# A number that does not answer ---------------------------------------------------------------------------------------


def tell_of_unanswered(house: House) -> int:
    """Put before staff each new number that has not said yes for a day. Returns how many."""
    told = exists().where(
        StandingEvent.clinic_id == Patient.clinic_id,
        StandingEvent.patient_id == Patient.id,
        StandingEvent.kind == StandingKind.NUMBER_UNANSWERED.value,
        StandingEvent.at >= Patient.pending_phone_at,
    )
    late = select(Patient.clinic_id, Patient.id).where(Patient.pending_phone_at <= house.now() - ANSWER_WITHIN, ~told)
    keys = [(row.clinic_id, row.id) for row in db.session.execute(late.limit(200))]
    return work_through("unanswered number", keys, lambda key: _tell_of_unanswered(key, house))


def _tell_of_unanswered(key: Key, house: House) -> None:
    now = house.now()
    with transaction() as session:
        patient = held(key)
        if patient.pending_phone_at is None or patient.pending_phone_at > now - ANSWER_WITHIN:
            return
        note(patient, StandingKind.NUMBER_UNANSWERED, audit.SYSTEM, now)
        why = "The new number has not been confirmed for a day, and no check-in goes out: ask the patient."
        concern = Concern("number_unanswered", Priority.ROUTINE, ReplyKind.NOTHING, "number-unanswered", why)
        open_or_join(session.get_one(Clinic, key[0]), patient.phone, patient, [concern], house, now)
