"""What is known of a patient when a text arrives, as the domain's values."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import aliased

from backend.domain.concerns import Priority
from backend.domain.outbound import Kind, State
from backend.domain.scores import Measure, Nrs
from backend.domain.triage import CrisisSent, History, recent_best
from backend.services.house import House
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient, Treatment
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from backend.store.work import numbered, run

ANSWERS_STILL_COUNT = timedelta(days=7)
"""A late answer belongs to the newest prompt if that is no older than this."""
_LOST = (State.FAILED.value, State.UNDELIVERED.value)


class ClinicCard(NamedTuple):
    """What of a clinic a text needs."""

    id: UUID
    name: str
    phone: str
    timezone: str


class Known(NamedTuple):
    """What of a patient bears on a text; name and number stay encrypted."""

    clinic_id: UUID
    id: UUID
    language: str
    flags: list[str]
    baseline_mood: int | None
    baseline_pain: int | None
    held_at: datetime | None
    opted_out_at: datetime | None


class Asked(NamedTuple):
    """What of a check-in bears on a text."""

    id: UUID
    asks: list[str]
    answered_at: datetime | None
    safe: bool | None
    side_effects: str | None


class Writer(NamedTuple):
    """Who a text is from: a patient, somebody of the staff, both or neither, at this clinic."""

    clinic: ClinicCard
    patient: Known | None
    check_in: Asked | None
    staff_id: UUID | None
    treated_at: datetime | None


# Every text asks these, so they are put together once and not at each text, which would cost more than the answer.
def _newest_prompted(*whose: ColumnElement[bool]) -> Select[CheckIn]:
    since, at = CheckIn.prompted_at > bindparam("since"), CheckIn.prompted_at <= bindparam("at")
    return select(CheckIn).where(*whose, at, since).order_by(CheckIn.prompted_at.desc()).limit(1)


_NEWEST_PROMPTED = _newest_prompted(
    CheckIn.clinic_id == bindparam("clinic"), CheckIn.patient_id == bindparam("patient")
)
_LAST_TREATED = (
    select(func.max(Treatment.ended_at))
    .where(Treatment.clinic_id == Patient.clinic_id, Treatment.patient_id == Patient.id)
    .scalar_subquery()
)


@cache
def _who_wrote(keys: int) -> Select[Any]:
    """One question for everybody whom a text may concern, with as many digests of the number as there are keys."""
    digests: list[BindParameter[bytes]] = [bindparam(f"digest{n}") for n in range(keys)]
    newest = (
        _newest_prompted(CheckIn.clinic_id == Patient.clinic_id, CheckIn.patient_id == Patient.id)
        .with_only_columns(CheckIn.id)
        .scalar_subquery()
    )
    asked_of = aliased(CheckIn)
    return (
        select(
            *(getattr(Clinic, name) for name in ClinicCard._fields),
            *(getattr(Patient, name) for name in Known._fields),
            *(getattr(asked_of, name) for name in Asked._fields),
            Staff.id,
            _LAST_TREATED,
        )
        .outerjoin(Patient, and_(Patient.clinic_id == Clinic.id, Patient.phone_digest.in_(digests)))
        .outerjoin(asked_of, and_(asked_of.clinic_id == Patient.clinic_id, asked_of.id == newest))
        .outerjoin(
            Staff,
            and_(Staff.clinic_id == Clinic.id, Staff.phone_digest.in_(digests), Staff.deactivated_at.is_(None)),
        )
        .where(Clinic.id == bindparam("clinic"))
        .limit(1)
    )


_NEWEST_SCORES = (
    select(Score.at, Score.measure, Score.value, Score.check_in_id)
    .where(
        Score.clinic_id == bindparam("clinic"), Score.patient_id == bindparam("patient"), Score.at <= bindparam("at")
    )
    .order_by(Score.at.desc())
    .limit(60)
)
_CRISIS_TEXTS = select(OutboundMessage.created_at, OutboundMessage.text_name, OutboundMessage.priority).where(
    OutboundMessage.clinic_id == bindparam("clinic"),
    OutboundMessage.patient_id == bindparam("patient"),
    OutboundMessage.kind == Kind.CRISIS.value,
    OutboundMessage.created_at > bindparam("since"),
    OutboundMessage.state.not_in(_LOST),
)


class Scored(Protocol):
    """What is read of a score: a whole row of it, or just this."""

    at: datetime
    measure: str
    value: int
    check_in_id: UUID | None


def who_wrote(clinic_id: UUID, number: str, at: datetime) -> Writer:
    """Whose number this is, and the check-in that a text sent at this time answers."""
    digests = keyring().digests(number)
    of = {"clinic": clinic_id, "at": at, "since": at - ANSWERS_STILL_COUNT} | numbered(digests)
    columns = iter(run(_who_wrote(len(digests)), of).one())
    clinic = ClinicCard._make(islice(columns, len(ClinicCard._fields)))
    patient = Known._make(islice(columns, len(Known._fields)))
    check_in = Asked._make(islice(columns, len(Asked._fields)))
    staff_id, treated_at = columns
    return Writer(
        clinic,
        patient if patient.id else None,
        check_in if check_in.id and check_in.answered_at is None else None,
        staff_id,
        treated_at,
    )


def asked(patient: Patient, at: datetime) -> CheckIn | None:
    """The check-in a text sent at this time answers: the newest one prompted before it, unless it is complete."""
    of = {"clinic": patient.clinic_id, "patient": patient.id, "at": at, "since": at - ANSWERS_STILL_COUNT}
    newest = db.session.scalars(_NEWEST_PROMPTED, of).first()
    return newest if newest is not None and newest.answered_at is None else None


def history_of(
    patient: Patient | Known, check_in: CheckIn | Asked | None, house: House, now: datetime, *, crisis: bool = True
) -> History:
    """Scores, baseline, flags, what is awaited, and the crisis texts of the last day unless no `crisis` can be."""
    scores = _recent_scores(patient, now)
    moods = [(score.at, Nrs(score.value)) for score in scores if score.measure == Measure.MOOD]
    return History(
        awaiting=awaited(check_in, [score for score in scores if check_in and score.check_in_id == check_in.id]),
        baseline=baseline_of(patient),
        best_mood=recent_best(moods, now),
        flags=frozenset(patient.flags),
        on_hold=patient.held_at is not None,
        last_mood=moods[-1][1] if moods else None,
        crisis_sent=_crisis_sent(patient, house, now) if crisis else (),
    )


def awaited(check_in: CheckIn | Asked | None, scores: Sequence[Scored]) -> tuple[str, ...]:
    """What the check-in still asks, in its order."""
    if check_in is None:
        return ()
    answered = {score.measure for score in scores}
    if check_in.safe is not None:
        answered.add("safety")
    if check_in.side_effects is not None:
        answered.add("side_effects")
    return tuple(item for item in check_in.asks if item not in answered)


def latest_treatment(patient: Patient) -> Treatment | None:
    return db.session.scalars(
        select(Treatment)
        .where(Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id)
        .order_by(Treatment.ended_at.desc())
        .limit(1)
    ).first()


def baseline_of(patient: Patient | Known) -> dict[Measure, Nrs]:
    """The patient's baseline; a treatment that brought its own replaced it when it was recorded."""
    given = {Measure.MOOD: patient.baseline_mood, Measure.PAIN: patient.baseline_pain}
    return {measure: Nrs(value) for measure, value in given.items() if value is not None}


def _recent_scores(patient: Patient | Known, now: datetime) -> Sequence[Scored]:
    """The newest scores, oldest first."""
    of = {"clinic": patient.clinic_id, "patient": patient.id, "at": now}
    return cast("list[Scored]", list(reversed(run(_NEWEST_SCORES, of).all())))


def _crisis_sent(patient: Patient | Known, house: House, now: datetime) -> tuple[CrisisSent, ...]:
    since = now - house.clinical.protocol.crisis_replies.full_again
    of = {"clinic": patient.clinic_id, "patient": patient.id, "since": since}
    return tuple(
        CrisisSent(text.created_at, text.text_name == "crisis", Priority(text.priority))
        for text in run(_CRISIS_TEXTS, of)
    )
