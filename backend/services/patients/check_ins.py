"""A due check-in becomes a text; an unanswered one becomes a signal."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.consent import may_prompt, refusal
from backend.domain.outbound import Kind, State
from backend.domain.protocol import SAFETY, Protocol
from backend.domain.rules import Missed, silence, weighed
from backend.domain.schedule import NOBODY_THERE, is_open, zone_named
from backend.services import audit
from backend.services.cases.opening import open_or_join
from backend.services.clinic.hours import staffed_hours
from backend.services.house import House
from backend.services.patients.planning import day_then, window_of
from backend.services.patients.standing import standing_of
from backend.services.texting import outbox
from backend.services.texting.history import history_of
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import Key, claim, transaction, work_through

BATCH = 1000
HARDLY_LATE = timedelta(hours=1)
"""What the plan found time enough for is still in time so much later."""
HELD_LATELY = timedelta(days=30)
_PROMPT_OF = {"mood": "prompt_mood", "pain": "prompt_pain", "safety": "prompt_safety"}

# Every prompt asks these, so they are put together once: that takes longer than to run them.
_CLAIM = (
    update(CheckIn)
    .where(
        CheckIn.clinic_id == bindparam("clinic"),
        CheckIn.id == bindparam("check_in"),
        CheckIn.prompted_at.is_(None),
        CheckIn.skipped_at.is_(None),
        CheckIn.due_at <= bindparam("now"),  # it may have been moved since it was found
    )
    .values(prompted_at=bindparam("now"))
    .returning(CheckIn)
    .execution_options(synchronize_session=False, populate_existing=True)
)
_WHOM = (
    select(Patient, Clinic)
    .join(Clinic, Clinic.id == Patient.clinic_id)
    .where(Patient.clinic_id == bindparam("clinic"), Patient.id == bindparam("patient"))
)
_OTHER_PROMPTS = select(CheckIn.prompted_at, CheckIn.timezone).where(
    CheckIn.clinic_id == bindparam("clinic"),
    CheckIn.patient_id == bindparam("patient"),
    CheckIn.id != bindparam("but"),
    CheckIn.prompted_at > bindparam("since"),
)


def prompt_due(house: House) -> int:
    """Turn every due check-in into a prompt, or skip it with its reason. Returns how many were taken up."""
    due = (
        select(CheckIn.clinic_id, CheckIn.id)
        .where(CheckIn.due_at <= house.now(), CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None))
        .order_by(CheckIn.due_at)
        .limit(BATCH)
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(due)]
    return work_through("prompt", keys, lambda key: _prompt(key, house))


def _prompt(key: Key, house: House) -> None:
    now = house.now()
    with transaction() as session:
        check_in = session.scalars(_CLAIM, {"clinic": key[0], "check_in": key[1], "now": now}).one_or_none()
        if check_in is None:
            return
        of = {"clinic": check_in.clinic_id, "patient": check_in.patient_id}
        patient, clinic = session.execute(_WHOM, of).one()
        if reason := refusal(standing_of(patient)):
            _skip(check_in, reason, house)
        elif reason := _too_late(check_in, clinic, house):
            _skip(check_in, reason, house)
            _tell_staff(check_in, patient, clinic, house)
        elif reason := _refusal(check_in, patient, clinic, house):
            _skip(check_in, reason, house)
        else:
            name = _PROMPT_OF[check_in.asks[0]]
            outbox.to_patient(
                patient, clinic, Kind.PROMPT, name, house, now, check_in_id=check_in.id, expires_at=check_in.send_by
            )


def _too_late(check_in: CheckIn, clinic: Clinic, house: House) -> str | None:
    """Why what was due can no longer go out: the clock stood still, or staff are there no longer (mode B)."""
    now = house.now()
    if check_in.send_by <= now:
        return "too late: nothing was sent"
    staffed = staffed_hours(clinic, house.protocol_of(clinic), now)
    if staffed is None or staffed.may_ask(max(check_in.due_at, now - HARDLY_LATE)):
        return None
    return f"too late: {NOBODY_THERE}"


def _refusal(check_in: CheckIn, patient: Patient, clinic: Clinic, house: House) -> str | None:
    protocol = house.protocol_of(clinic)
    now, zone = house.now(), zone_named(patient.timezone)
    of = {"clinic": patient.clinic_id, "patient": patient.id, "but": check_in.id, "since": now - timedelta(days=8)}
    prompted = [(at, lived_in) for at, lived_in in db.session.execute(_OTHER_PROMPTS, of) if at is not None]
    then_on = [day_then(at, lived_in, zone) for at, lived_in in prompted]
    window = window_of(patient, protocol.window)
    return may_prompt(standing_of(patient), [at for at, _ in prompted], now, protocol, zone, window, then_on)


def _skip(check_in: CheckIn, reason: str, house: House) -> None:
    check_in.prompted_at, check_in.skipped_at, check_in.skipped_because = None, house.now(), reason
    audit.record(check_in.clinic_id, audit.SYSTEM, "check_in_skipped", check_in.id, house.now(), reason)


def _tell_staff(check_in: CheckIn, patient: Patient, clinic: Clinic, house: House) -> None:
    """A check-in that our own lateness swallowed is no silence of the patient's: a person must know."""
    why = f"The check-in {check_in.name.replace('_', ' ')} could not be sent in time; ask the patient yourself."
    concern = Concern("check_in_not_sent", Priority.ROUTINE, ReplyKind.NOTHING, "too-late", why)
    open_or_join(clinic, patient.phone, patient, [concern], house, house.now())


def remind_silent(house: House) -> int:
    """Remind once of a check-in that nothing was answered to. Returns how many were taken up.

    A reminder whose hour falls outside the patient's hours is left out: the check-in is then simply missed.
    """
    now = house.now()
    waiting = (CheckIn.prompted_at.is_not(None), CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None))
    silent = (
        select(CheckIn.clinic_id, CheckIn.id)
        .where(*waiting, CheckIn.reminded_at.is_(None), _waited_for(now, house), CheckIn.answer_by > now)
        .order_by(CheckIn.prompted_at)
        .limit(BATCH)
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(silent)]
    return work_through("remind", keys, lambda key: _remind(key, house))


def _waited_for(now: datetime, house: House) -> ColumnElement[bool]:
    """Whether a prompt has waited as long as its clinic lets it wait for an answer."""
    signed = house.clinical.protocol.conversation.remind_after
    clinics: dict[timedelta, list[UUID]] = defaultdict(list)
    for clinic in db.session.scalars(select(Clinic).where(Clinic.protocol_overrides.is_not(None))):
        clinics[house.protocol_of(clinic).conversation.remind_after].append(clinic.id)
    clinics.pop(signed, None)
    others = [and_(CheckIn.clinic_id.in_(ids), CheckIn.prompted_at <= now - wait) for wait, ids in clinics.items()]
    own = [clinic_id for ids in clinics.values() for clinic_id in ids]
    return or_(and_(CheckIn.clinic_id.not_in(own), CheckIn.prompted_at <= now - signed), *others)


def _remind(key: Key, house: House) -> None:
    now = house.now()
    with transaction() as session:
        still = (CheckIn.reminded_at.is_(None), CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None))
        if not claim(CheckIn, key, *still, reminded_at=now):
            return
        check_in = session.get_one(CheckIn, key, populate_existing=True)
        patient, clinic = session.execute(_WHOM, {"clinic": key[0], "patient": check_in.patient_id}).one()
        reason = _no_reminder(check_in, patient, clinic, house)
        if reason is not None:
            audit.record(key[0], audit.SYSTEM, "reminder_left_out", key[1], now, reason)
            return
        outbox.to_patient(
            patient, clinic, Kind.REMINDER, "reminder", house, now, check_in_id=key[1], expires_at=check_in.send_by
        )


def _no_reminder(check_in: CheckIn, patient: Patient, clinic: Clinic, house: House) -> str | None:
    now, protocol = house.now(), house.protocol_of(clinic)
    if reason := refusal(standing_of(patient)):
        return reason
    # The protocol of this clinic may remind later than others; the day after would be a second day of texts.
    if now >= check_in.send_by or not is_open(now, window_of(patient, protocol.window), zone_named(patient.timezone)):
        return "outside the patient's hours"
    if not _prompt_is_out(check_in):
        return "the prompt itself is not out"
    return "the patient has written" if _has_written(check_in) else None


def _prompt_is_out(check_in: CheckIn) -> bool:
    out = select(OutboundMessage.id).where(
        OutboundMessage.clinic_id == check_in.clinic_id,
        OutboundMessage.patient_id == check_in.patient_id,
        OutboundMessage.created_at >= check_in.prompted_at,
        OutboundMessage.check_in_id == check_in.id,
        OutboundMessage.kind == Kind.PROMPT.value,
        OutboundMessage.state.in_((State.SENT.value, State.DELIVERED.value)),
    )
    return db.session.scalar(out.limit(1)) is not None


def _has_written(check_in: CheckIn) -> bool:
    texts = select(InboundMessage.id).where(
        InboundMessage.clinic_id == check_in.clinic_id,
        InboundMessage.patient_id == check_in.patient_id,
        InboundMessage.received_at >= check_in.prompted_at,
    )
    return db.session.scalar(texts.limit(1)) is not None


def miss_overdue(house: House) -> int:
    """Close check-ins whose time to answer is over, and tell staff when silence means something (S11)."""
    overdue = (
        select(CheckIn.clinic_id, CheckIn.id)
        .where(
            CheckIn.answer_by <= house.now(),
            CheckIn.prompted_at.is_not(None),
            CheckIn.answered_at.is_(None),
            CheckIn.missed_at.is_(None),
        )
        .order_by(CheckIn.answer_by)
        .limit(BATCH)
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(overdue)]
    return work_through("miss", keys, lambda key: _miss(key, house))


def _miss(key: Key, house: House) -> None:
    now = house.now()
    with transaction() as session:
        open_still = (CheckIn.answered_at.is_(None), CheckIn.missed_at.is_(None))
        if not claim(CheckIn, key, *open_still, missed_at=now):
            return
        check_in = session.get_one(CheckIn, key, populate_existing=True)
        patient = session.get_one(Patient, (key[0], check_in.patient_id))
        if _is_silenced(patient):
            return
        clinic = session.get_one(Clinic, key[0])
        protocol = house.protocol_of(clinic)
        missed = _missed(check_in, patient, protocol, now)
        history = history_of(patient, None, house, now)
        concern = silence(missed, history, protocol.thresholds)
        if concern is not None:
            concerns = weighed([concern], history, protocol.raises)
            open_or_join(clinic, patient.phone, patient, concerns, house, now)


def _is_silenced(patient: Patient) -> bool:
    """Whom we do not text, or who asked us not to, says nothing by silence."""
    return refusal(standing_of(patient)) is not None


def _missed(check_in: CheckIn, patient: Patient, protocol: Protocol, now: datetime) -> Missed:
    """The silence that this check-in ends in."""
    running = _running(patient)
    if check_in.id not in running or check_in.prompted_at is None:
        return Missed(0)
    treatment = db.session.get_one(Treatment, (check_in.clinic_id, check_in.treatment_id))
    held_at = patient.hold_ended_at
    return Missed(
        running=len(running),
        hours=(check_in.prompted_at - treatment.ended_at) / timedelta(hours=1),
        next_day=any(rule.name == check_in.name and rule.after_days == 1 for rule in protocol.check_ins),
        safety_after=_safety_after(treatment, patient) if SAFETY in check_in.asks else (),
        held_lately=held_at is not None and now - held_at <= HELD_LATELY,
    )


def _running(patient: Patient) -> Sequence[UUID]:
    """The check-ins that reached the patient, were missed, and after which no text came. One that is still open says
    nothing yet, and any text at all ends a silence.
    """
    last_text = select(func.max(InboundMessage.received_at)).where(
        InboundMessage.clinic_id == patient.clinic_id, InboundMessage.patient_id == patient.id
    )
    prompt = and_(
        OutboundMessage.clinic_id == CheckIn.clinic_id,
        OutboundMessage.patient_id == CheckIn.patient_id,
        OutboundMessage.check_in_id == CheckIn.id,
        OutboundMessage.kind == Kind.PROMPT.value,
        OutboundMessage.state.not_in((State.FAILED.value, State.UNDELIVERED.value)),
    )
    last_at = db.session.scalar(last_text)
    since = CheckIn.prompted_at > last_at if last_at is not None else CheckIn.prompted_at.is_not(None)
    silent = (CheckIn.missed_at.is_not(None), CheckIn.answered_at.is_(None), since)
    mine = (CheckIn.clinic_id == patient.clinic_id, CheckIn.patient_id == patient.id)
    return db.session.scalars(select(CheckIn.id).join(OutboundMessage, prompt).where(*mine, *silent)).all()


def _safety_after(treatment: Treatment, patient: Patient) -> tuple[str, ...]:
    """What makes it weigh that nobody said they were home safe."""
    earlier = select(Treatment.id).where(
        Treatment.clinic_id == patient.clinic_id,
        Treatment.patient_id == patient.id,
        Treatment.deleted_at.is_(None),
        Treatment.ended_at < treatment.ended_at,
    )
    facts = {
        "first": db.session.scalar(earlier.limit(1)) is None,
        "home": treatment.setting == "home",
        "co_sedative": treatment.co_sedative or "co_sedative" in patient.flags,
    }
    return tuple(name for name, holds in facts.items() if holds)
