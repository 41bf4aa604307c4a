"""What is known of a patient when a text arrives, as the domain's values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

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


def asked(patient: Patient, at: datetime) -> CheckIn | None:
    """The check-in a text sent at this time answers: the newest one prompted before it, unless it is complete."""
    newest = db.session.scalars(
        select(CheckIn)
        .where(
            CheckIn.clinic_id == patient.clinic_id,
            CheckIn.patient_id == patient.id,
            CheckIn.prompted_at <= at,
            CheckIn.prompted_at > at - ANSWERS_STILL_COUNT,
        )
        .order_by(CheckIn.prompted_at.desc())
        .limit(1)
    ).first()
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


def awaited(check_in: CheckIn | None, scores: Sequence[Score]) -> tuple[str, ...]:
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


def _recent_scores(patient: Patient, now: datetime) -> Sequence[Score]:
    """The last 14 days' scores, oldest first; further back where there are none."""
    newest_first = (
        select(Score)
        .where(Score.clinic_id == patient.clinic_id, Score.patient_id == patient.id, Score.at <= now)
        .order_by(Score.at.desc())
        .limit(60)
    )
    return list(reversed(db.session.scalars(newest_first).all()))


def _crisis_sent(patient: Patient, house: House, now: datetime) -> tuple[CrisisSent, ...]:
    rules = house.clinical.protocol.crisis_replies
    texts = db.session.scalars(
        select(OutboundMessage).where(
            OutboundMessage.clinic_id == patient.clinic_id,
            OutboundMessage.patient_id == patient.id,
            OutboundMessage.kind == Kind.CRISIS.value,
            OutboundMessage.created_at > now - rules.full_again,
            OutboundMessage.state.not_in(_LOST),
        )
    )
    return tuple(CrisisSent(m.created_at, m.text_name == "crisis", Priority(m.priority)) for m in texts)
