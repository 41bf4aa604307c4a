"""What is known of a patient when a text arrives, as the domain's values."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import BindParameter, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import aliased

from backend.domain.answers import Offer, OfferState, Prompted, SoFar, in_order_of_asking, which_answered
from backend.domain.concerns import Priority
from backend.domain.history import CrisisSent, History, Treated
from backend.domain.outbound import Kind, State
from backend.domain.protocol import WORD_ITEMS
from backend.domain.rules import recent_best
from backend.domain.scores import Measure, Nrs
from backend.services.house import House
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import numbered, run

LIKELY = 3
"""So many of the newest prompts are looked at to find the one that a text answers."""
_THE_END = datetime.max.replace(tzinfo=UTC)
_LOST = (State.FAILED.value, State.UNDELIVERED.value)


C = TypeVar("C", "Asked", CheckIn)


class ClinicCard(NamedTuple):
    """What of a clinic a text needs."""

    id: UUID
    name: str
    phone: str
    timezone: str
    country: str
    protocol_overrides: dict[str, Any] | None


class Known(NamedTuple):
    """What of a patient bears on a text; name and number stay encrypted."""

    clinic_id: UUID
    id: UUID
    language: str
    country: str
    flags: list[str]
    baseline_mood: int | None
    baseline_pain: int | None
    held_at: datetime | None
    opted_out_at: datetime | None
    deceased_at: datetime | None
    quarantined_at: datetime | None
    carrier_blocked_at: datetime | None
    discharged_at: datetime | None


class Asked(NamedTuple):
    """What of a check-in bears on a text."""

    id: UUID
    asks: list[str]
    answer_by: datetime
    answered_at: datetime | None
    safe: bool | None
    side_effects: str | None
    bladder: str | None
    energy: str | None
    unreadable: int
    offers: dict[str, Any] | None


class Writer(NamedTuple):
    """Who a text is from: a patient, somebody of the staff, both or neither, at this clinic."""

    clinic: ClinicCard
    patient: Known | None
    check_in: Asked | None
    staff_id: UUID | None
    treated: Treated | None
    newest_at: datetime | None
    """When the patient's newest text that is understood was sent."""
    pending: bool = False
    """Whether it is the new number of that patient, which has not said yes yet."""


# Every text asks these, so they are put together once and not at each text, which would cost more than the answer.
_PROMPT_TEXT = and_(
    OutboundMessage.clinic_id == CheckIn.clinic_id,
    OutboundMessage.patient_id == CheckIn.patient_id,
    OutboundMessage.created_at >= CheckIn.prompted_at,
    OutboundMessage.check_in_id == CheckIn.id,
    OutboundMessage.kind == Kind.PROMPT.value,
)
# When the carrier had the prompt, or may have had it: not while it waits here, and not once it is known to be lost.
_OUT_AT = case(
    (
        OutboundMessage.state.not_in(_LOST) & OutboundMessage.send_at.is_(None),
        func.coalesce(OutboundMessage.sent_at, OutboundMessage.claimed_at),
    ),
)
_ARRIVED_AT = case((OutboundMessage.state == State.DELIVERED.value, OutboundMessage.settled_at))
_IN_TIME = and_(CheckIn.prompted_at > bindparam("since"), CheckIn.prompted_at <= bindparam("at"))
_PROMPTED = (
    select(CheckIn, _OUT_AT, _ARRIVED_AT)
    .join(OutboundMessage, _PROMPT_TEXT)
    .where(CheckIn.clinic_id == bindparam("clinic"), CheckIn.patient_id == bindparam("patient"), _IN_TIME)
    .order_by(CheckIn.prompted_at.desc())
    .limit(LIKELY)
)
_OF_PATIENT = aliased(Treatment)
_LAST_TREATMENT = and_(
    Treatment.clinic_id == Patient.clinic_id,
    Treatment.id
    == select(_OF_PATIENT.id)
    .where(
        _OF_PATIENT.clinic_id == Patient.clinic_id,
        _OF_PATIENT.patient_id == Patient.id,
        _OF_PATIENT.deleted_at.is_(None),
    )
    .order_by(_OF_PATIENT.ended_at.desc(), _OF_PATIENT.id.desc())
    .limit(1)
    .correlate(Patient)
    .scalar_subquery(),
)
_TREATED = (Treatment.ended_at, Treatment.setting, Treatment.co_sedative)
_NEWEST_TEXT = (
    select(func.max(InboundMessage.received_at))
    .where(InboundMessage.clinic_id == Patient.clinic_id, InboundMessage.patient_id == Patient.id)
    .scalar_subquery()
)


@cache
def _who_wrote(keys: int) -> Select[Any]:
    """One question for everybody whom a text may concern, with as many digests of the number as there are keys; a row
    for each check-in that it may answer, the newest first.
    """
    digests: list[BindParameter[bytes]] = [bindparam(f"digest{n}") for n in range(keys)]
    return (
        select(
            *(getattr(Clinic, name) for name in ClinicCard._fields),
            *(getattr(Patient, name) for name in Known._fields),
            Staff.id,
            _NEWEST_TEXT,
            *_TREATED,
            *(getattr(CheckIn, name) for name in Asked._fields),
            _OUT_AT,
            _ARRIVED_AT,
        )
        .outerjoin(Patient, and_(Patient.clinic_id == Clinic.id, Patient.phone_digest.in_(digests)))
        .outerjoin(
            Staff,
            and_(Staff.clinic_id == Clinic.id, Staff.phone_digest.in_(digests), Staff.deactivated_at.is_(None)),
        )
        .outerjoin(Treatment, _LAST_TREATMENT)
        .outerjoin(CheckIn, and_(CheckIn.clinic_id == Patient.clinic_id, CheckIn.patient_id == Patient.id, _IN_TIME))
        .outerjoin(OutboundMessage, _PROMPT_TEXT)
        .where(Clinic.id == bindparam("clinic"))
        .order_by(CheckIn.prompted_at.desc())
        .limit(LIKELY)
    )


@cache
def _whose_new_number(keys: int) -> Select[Any]:
    """The question whether somebody is changing to this number; asked only of numbers that nobody has."""
    digests: list[BindParameter[bytes]] = [bindparam(f"digest{n}") for n in range(keys)]
    return select(*(getattr(Patient, name) for name in Known._fields)).where(
        Patient.clinic_id == bindparam("clinic"), Patient.pending_phone_digest.in_(digests)
    )


_AS_IT_STANDS = (
    select(*(getattr(CheckIn, name) for name in Asked._fields))
    .where(CheckIn.clinic_id == bindparam("clinic"), CheckIn.id == bindparam("check_in"))
    .with_for_update(key_share=True)
)
_NEWEST_SCORES = (
    select(Score.id, Score.at, Score.measure, Score.value, Score.check_in_id, Score.inbound_id)
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

    id: UUID
    at: datetime
    measure: str
    value: int
    check_in_id: UUID | None
    inbound_id: UUID


Place = tuple[datetime, UUID]
"""Where a text stands among others: when it was sent and, of the same moment, in the order they were kept."""


class Past(NamedTuple):
    """What is known before a text, with the scores of its check-in as they are stored, also those of later texts."""

    history: History
    told: Sequence[Scored] = ()
    out_of_order: bool = False


_PATIENT_AT = len(ClinicCard._fields)
_STAFF_AT = _PATIENT_AT + len(Known._fields)
_TREATED_AT = _STAFF_AT + 2
_ASKED_AT = _TREATED_AT + len(_TREATED)
_PROMPT_AT = _ASKED_AT + len(Asked._fields)


def who_wrote(clinic_id: UUID, number: str, at: datetime, house: House) -> Writer:
    """Whose number this is, and the check-in that a text sent at this time answers, also when it is complete."""
    digests = keyring().digests(number)
    since = at - house.clinical.protocol.answers_count_for
    of = {"clinic": clinic_id, "at": at, "since": since} | numbered(digests)
    rows = run(_who_wrote(len(digests)), of).all()
    first = rows[0]
    patient = Known._make(first[_PATIENT_AT:_STAFF_AT])
    likely = [(Asked._make(row[_ASKED_AT:_PROMPT_AT]), *row[_PROMPT_AT:]) for row in rows if row[_ASKED_AT] is not None]
    staff_id, newest_at = first[_STAFF_AT:_TREATED_AT]
    clinic, treated = ClinicCard._make(first[:_PATIENT_AT]), _treated(first[_TREATED_AT:_ASKED_AT], at)
    if patient.id:
        return Writer(clinic, patient, _answered(likely, at), staff_id, treated, newest_at)
    changing = run(_whose_new_number(len(digests)), of).first()
    known = Known._make(changing) if changing else None
    # The first text of a new number may be a machine's like any other.
    return Writer(clinic, known, None, staff_id, None, newest_at=at if known else None, pending=known is not None)


def _treated(row: Sequence[Any], at: datetime) -> Treated | None:
    ended_at, setting, co_sedative = row
    if ended_at is None:
        return None
    return Treated(ended_at, setting, co_sedative, max((at - ended_at) / timedelta(hours=1), 0.0))


def as_it_stands(clinic_id: UUID, check_in: Asked) -> Asked:
    """The check-in once more, and no other text of the same patient is understood until this one is: two at the same
    moment would both answer the first question. SQLite has one writer at a time anyway, so nothing is asked there.
    """
    if db.engine.dialect.name == "sqlite":
        return check_in
    return Asked._make(run(_AS_IT_STANDS, {"clinic": clinic_id, "check_in": check_in.id}).one())


def asked(patient: Patient, at: datetime, house: House) -> CheckIn | None:
    """The check-in a text sent at this time answers, unless it is complete."""
    since = at - house.clinical.protocol.answers_count_for
    of = {"clinic": patient.clinic_id, "patient": patient.id, "at": at, "since": since}
    likely = [(row[0], row[1], row[2]) for row in db.session.execute(_PROMPTED, of)]
    found = _answered(likely, at)
    return found if found is not None and found.answered_at is None else None


def _answered(likely: Sequence[tuple[C, datetime | None, datetime | None]], at: datetime) -> C | None:
    """Of check-ins, each with when its prompt was out and when it arrived, the one that a text of this time answers."""
    prompts = [
        Prompted(out_at, arrived_at, check_in.answer_by, check_in.answered_at is not None)
        for check_in, out_at, arrived_at in likely
    ]
    place = which_answered(prompts, at)
    return None if place is None else likely[place][0]


def history_of(
    patient: Patient | Known, check_in: CheckIn | Asked | None, house: House, now: datetime, *, crisis: bool = True
) -> History:
    """Scores, baseline, flags, what is awaited, and the crisis texts of the last day unless no `crisis` can be."""
    newest = latest_treatment(patient)
    treated = _treated((newest.ended_at, newest.setting, newest.co_sedative), now) if newest else None
    return past_of(patient, check_in, house, now, treated=treated, crisis=crisis).history


def past_of(
    patient: Patient | Known,
    check_in: CheckIn | Asked | None,
    house: House,
    now: datetime,
    *,
    treated: Treated | None,
    crisis: bool = True,
    before: Place | None = None,
) -> Past:
    """As `history_of`, of the check-in only what was said `before` a place; what is stored of it comes along."""
    scores = _recent_scores(patient, now)
    moods = [(score.at, Nrs(score.value)) for score in scores if score.measure == Measure.MOOD]
    since = treated.ended_at if treated else None
    told = _in_order([score for score in scores if score.check_in_id == check_in.id], check_in) if check_in else []
    earlier = [score for score in told if before is None or _place_of(score) < before]
    history = History(
        awaiting=awaited(check_in, earlier, before[0] if before else now),
        so_far=_so_far(check_in, earlier, before[0] if before else now),
        baseline=baseline_of(patient),
        best_mood=recent_best(moods, now),
        course=[
            Nrs(score.value)
            for score in scores
            if score.measure == Measure.MOOD and (since is None or score.at >= since)
        ],
        flags=frozenset(patient.flags),
        treated=treated,
        on_hold=patient.held_at is not None,
        discharged=patient.discharged_at is not None,
        last_mood=moods[-1][1] if moods else None,
        crisis_sent=_crisis_sent(patient, house, now) if crisis else (),
        unreadable=check_in.unreadable if check_in else 0,
    )
    return Past(history, told, out_of_order=len(earlier) < len(told))


def _place_of(score: Scored) -> Place:
    return score.at, score.inbound_id


def _in_order(scores: Sequence[Scored], check_in: CheckIn | Asked) -> Sequence[Scored]:
    """As they were given; those of one text as they were asked."""
    asks = {item: place for place, item in enumerate(check_in.asks)}
    return sorted(scores, key=lambda score: (*_place_of(score), asks.get(score.measure, len(asks))))


def awaited(check_in: CheckIn | Asked | None, scores: Sequence[Scored], at: datetime | None = None) -> tuple[str, ...]:
    """What the check-in still asks, in the order in which a text of that time answers it."""
    if check_in is None:
        return ()
    answered = {score.measure for score in scores}
    if check_in.safe is not None:
        answered.add("safety")
    answered |= {item for item in WORD_ITEMS if getattr(check_in, item) is not None}
    left = [item for item in check_in.asks if item not in answered]
    if not check_in.offers:
        return tuple(left)
    at = at or _THE_END
    doubted = {m for m, offer in check_in.offers.items() if datetime.fromisoformat(offer["sent_at"]) < at}
    return in_order_of_asking(left, offered_at(check_in), at, frozenset(doubted))


def offered_at(check_in: CheckIn | Asked) -> dict[str, datetime]:
    """When each reading that was not sure was put to the patient."""
    return {measure: datetime.fromisoformat(offer["at"]) for measure, offer in (check_in.offers or {}).items()}


def _so_far(check_in: CheckIn | Asked | None, scores: Sequence[Scored], at: datetime) -> SoFar:
    if check_in is None:
        return SoFar()
    offers = check_in.offers or {}
    # Nobody says yes to a question that is not there yet.
    by_then = [measure for measure, offered in offered_at(check_in).items() if offered <= at]
    waiting = [Measure(measure) for measure in by_then if offers[measure]["state"] == OfferState.OPEN]
    return SoFar(
        given={Measure(score.measure): Nrs(score.value) for score in scores},
        offered=Offer(waiting[0], Nrs(offers[waiting[0]]["value"])) if waiting else None,
        asked_again=frozenset(Measure(measure) for measure in offers),
    )


def latest_treatment(patient: Patient | Known) -> Treatment | None:
    """The newest treatment that stands."""
    return db.session.scalars(
        select(Treatment)
        .where(
            Treatment.clinic_id == patient.clinic_id,
            Treatment.patient_id == patient.id,
            Treatment.deleted_at.is_(None),
        )
        .order_by(Treatment.ended_at.desc(), Treatment.id.desc())
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
