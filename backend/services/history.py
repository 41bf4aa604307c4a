"""What is known of a patient when a text arrives, as the domain's values."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, cast
from uuid import UUID

from sqlalchemy import bindparam, select

from backend.domain.concerns import Priority
from backend.domain.outbound import Kind, State
from backend.domain.scores import Measure, Nrs
from backend.domain.triage import CrisisSent, History, recent_best
from backend.services.house import House
from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.texts import OutboundMessage

ANSWERS_STILL_COUNT = timedelta(days=7)
"""A late answer belongs to the newest prompt if that is no older than this."""
_LOST = (State.FAILED.value, State.UNDELIVERED.value)

# Every text asks these, so they are put together once and not at each text, which would cost more than the answer.
_NEWEST_PROMPTED = (
    select(CheckIn)
    .where(
        CheckIn.clinic_id == bindparam("clinic"),
        CheckIn.patient_id == bindparam("patient"),
        CheckIn.prompted_at <= bindparam("at"),
        CheckIn.prompted_at > bindparam("since"),
    )
    .order_by(CheckIn.prompted_at.desc())
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


def asked(patient: Patient, at: datetime) -> CheckIn | None:
    """The check-in a text sent at this time answers: the newest one prompted before it, unless it is complete."""
    of = {"clinic": patient.clinic_id, "patient": patient.id, "at": at, "since": at - ANSWERS_STILL_COUNT}
    newest = db.session.scalars(_NEWEST_PROMPTED, of).first()
    return newest if newest is not None and newest.answered_at is None else None


def history_of(patient: Patient, check_in: CheckIn | None, house: House, now: datetime) -> History:
    """Scores, baseline, flags, what is awaited, and the crisis texts of the last day."""
    scores = _recent_scores(patient, now)
    moods = [(score.at, Nrs(score.value)) for score in scores if score.measure == Measure.MOOD]
    return History(
        awaiting=awaited(check_in, [score for score in scores if check_in and score.check_in_id == check_in.id]),
        baseline=baseline_of(patient),
        best_mood=recent_best(moods, now),
        flags=frozenset(patient.flags),
        on_hold=patient.held_at is not None,
        last_mood=moods[-1][1] if moods else None,
        crisis_sent=_crisis_sent(patient, house, now),
    )


def awaited(check_in: CheckIn | None, scores: Sequence[Scored]) -> tuple[str, ...]:
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


def baseline_of(patient: Patient) -> dict[Measure, Nrs]:
    """The patient's baseline; a treatment that brought its own replaced it when it was recorded."""
    given = {Measure.MOOD: patient.baseline_mood, Measure.PAIN: patient.baseline_pain}
    return {measure: Nrs(value) for measure, value in given.items() if value is not None}


def _recent_scores(patient: Patient, now: datetime) -> Sequence[Scored]:
    """The newest scores, oldest first."""
    of = {"clinic": patient.clinic_id, "patient": patient.id, "at": now}
    return cast("list[Scored]", list(reversed(db.session.execute(_NEWEST_SCORES, of).all())))


def _crisis_sent(patient: Patient, house: House, now: datetime) -> tuple[CrisisSent, ...]:
    since = now - house.clinical.protocol.crisis_replies.full_again
    of = {"clinic": patient.clinic_id, "patient": patient.id, "since": since}
    return tuple(
        CrisisSent(text.created_at, text.text_name == "crisis", Priority(text.priority))
        for text in db.session.execute(_CRISIS_TEXTS, of)
    )
