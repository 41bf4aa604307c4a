"""Everything that happened with one patient, or to one case, as one list in the order of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from backend.domain.concerns import Priority
from backend.domain.escalation import OUTCOME_WORDS, Outcome
from backend.domain.outbound import Kind
from backend.domain.questionnaires import NAMES
from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import Escalation, EscalationEvent
from backend.store.patients import ConsentEvent, Questionnaire, StandingEvent, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage

Row = TypeVar("Row")

NEWEST = 200
SOMEBODY = "somebody"

_CONSENT = {"given": "Consented to texts", "opt_out": "Opted out of texts", "opt_in": "Opted in again"}
_EVENT = {
    "opened": "Case opened",
    "joined": "Another text joined the case",
    "raised": "Raised to {detail}",
    "paged": "Paged {who}",
    "step_empty": "A step of the policy had nobody on it",
    "no_outcome": "No outcome from {who} in time: paging again",
    "waits_for_staff": "Nobody is there now: the case waits for the clinic to open",
    "nobody": "NOBODY could be paged",
    "page_lost": "The page to {who} did not arrive",
    "patient_not_reached": "Our safety text did NOT reach the patient",
    "acknowledged": "{who} took the case",
    "note": "{who} wrote a note",
    "resolved": "{who} closed the case",
    "phone_the_patient": "Opted out of texts: the next step is a phone call",
    "hold_stays": "The hold stays: only a clinician ends it",
}


_STANDING = {
    "paused": "Check-ins paused",
    "resumed": "Check-ins resumed",
    "discharged": "Discharged",
    "deceased": "Recorded as deceased",
    "quarantined": "The number may be somebody else's: check-ins stopped",
    "verified": "The number was verified as the patient's",
    "hold_started": "Hold after a crisis",
    "hold_ended": "Hold ended",
    "carrier_blocked": "The carrier blocks texts to this number",
    "carrier_unblocked": "START came: the carrier lets texts through again",
    "number_change_asked": "A new number was given; it is asked to confirm",
    "number_unanswered": "The new number has not been confirmed for a day",
    "number_change_dropped": "The new number was given up",
    "number_changed": "The number was changed",
    "number_released": "The number belongs to somebody else now",
    "agreed": "A clinician agreed to check-ins although nobody reads at night",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `kind`: treatment · check_in · text_in · text_out · consent · standing · questionnaire ·
    case_<event>.

    `text` is what a nurse reads first (for texts the exact words), `detail` what is worth knowing besides, and `id` the
    row it comes from.
    """

    at: datetime
    kind: str
    id: UUID
    text: str
    detail: str


def timeline_of(clinic_id: UUID, patient_id: UUID, *, newest: int = NEWEST) -> list[Entry]:
    """One patient's treatments, check-ins, texts both ways, consent, questionnaires and cases, newest first, what is
    planned on top.
    """
    key = (clinic_id, patient_id)
    entries = [
        *(_treatment(row) for row in _newest(Treatment, Treatment.ended_at, key, newest)),
        *(_check_in(row) for row in _newest(CheckIn, CheckIn.due_at, key, newest)),
        *_texts_in(_newest(InboundMessage, InboundMessage.received_at, key, newest)),
        *(_text_out(row) for row in _newest(OutboundMessage, OutboundMessage.created_at, key, newest)),
        *(_consent(row) for row in _newest(ConsentEvent, ConsentEvent.at, key, newest)),
        *_standings(_newest(StandingEvent, StandingEvent.at, key, newest)),
        *(_questionnaire(row) for row in _newest(Questionnaire, Questionnaire.taken_at, key, newest)),
        *_cases_of(key, newest),
    ]
    return sorted(entries, key=_moment, reverse=True)[:newest]


def case_timeline(case: Escalation) -> list[Entry]:
    """One case's texts both ways and everything that happened to it, oldest first."""
    events = db.session.scalars(
        select(EscalationEvent).where(
            EscalationEvent.clinic_id == case.clinic_id, EscalationEvent.escalation_id == case.id
        )
    ).all()
    texts_in = select(InboundMessage).where(
        InboundMessage.clinic_id == case.clinic_id, InboundMessage.escalation_id == case.id
    )
    entries = [
        *_texts_in(db.session.scalars(texts_in).all()),
        *(_text_out(message) for message in texts_to_patient(case)),
        *_events(events, {case.id: case}, with_number=False),
    ]
    return sorted(entries, key=_moment)


def texts_to_patient(case: Escalation) -> Sequence[OutboundMessage]:
    """What was sent about this case to the person it is about, oldest first."""
    return db.session.scalars(
        select(OutboundMessage)
        .where(
            OutboundMessage.clinic_id == case.clinic_id,
            OutboundMessage.escalation_id == case.id,
            OutboundMessage.kind != Kind.PAGE.value,
            OutboundMessage.staff_id.is_(None),
        )
        .order_by(OutboundMessage.created_at)
    ).all()


def _moment(entry: Entry) -> tuple[datetime, bool, UUID]:
    """In the order of time; what a text caused stands after the text, though both carry the same time."""
    return entry.at, entry.kind != "text_in", entry.id


def _newest(model: type[Row], at: Any, key: tuple[UUID, UUID], newest: int) -> Sequence[Row]:
    of: Any = model
    mine = select(model).where(of.clinic_id == key[0], of.patient_id == key[1])
    return db.session.scalars(mine.order_by(at.desc()).limit(newest)).all()


def _treatment(row: Treatment) -> Entry:
    facts = [f"{row.route} at {'home' if row.setting == 'home' else 'the clinic'}"]
    facts += [
        f"{name} before {value}"
        for name, value in (("mood", row.baseline_mood), ("pain", row.baseline_pain))
        if value is not None
    ]
    facts += [
        word
        for word, holds in (("went home with somebody", row.escort), ("another sedative given", row.co_sedative))
        if holds
    ]
    if row.deleted_at is not None:
        return Entry(row.ended_at, "treatment", row.id, "Treatment, deleted since", f"{row.deleted_because}")
    return Entry(row.ended_at, "treatment", row.id, "Treatment ended", ", ".join(facts))


def _questionnaire(row: Questionnaire) -> Entry:
    detail = f"item 9: {row.item_9}" if row.item_9 is not None else ""
    return Entry(row.taken_at, "questionnaire", row.id, f"{NAMES[row.kind]} taken: {row.total}", detail)


def _check_in(row: CheckIn) -> Entry:
    at = row.answered_at or row.missed_at or row.skipped_at or row.prompted_at or row.due_at
    asks = ", ".join(ask.replace("_", " ") for ask in row.asks)
    detail = f"asks {asks}" if row.skipped_because is None else row.skipped_because
    return Entry(at, "check_in", row.id, f"Check-in {named(row.name)} {row.state}", detail)


def _texts_in(rows: Sequence[InboundMessage]) -> Iterator[Entry]:
    scores = _scores_in(rows)
    for row in rows:
        facts = [(row.disposition or "not read yet").replace("_", " "), *scores.get(row.id, ())]
        facts += [f"{row.media_count} attached"] if row.media_count else []
        yield Entry(row.received_at, "text_in", row.id, row.body, ", ".join(facts))


def _scores_in(rows: Sequence[InboundMessage]) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    if rows:
        of_these = select(Score).where(
            Score.clinic_id == rows[0].clinic_id, Score.inbound_id.in_([row.id for row in rows])
        )
        for score in db.session.scalars(of_these.order_by(Score.measure)):
            found.setdefault(score.inbound_id, []).append(f"{score.measure} {score.value}")
    return found


def _text_out(row: OutboundMessage) -> Entry:
    state = row.state if row.error_code is None else f"{row.state} (carrier error {row.error_code})"
    return Entry(row.created_at, "text_out", row.id, row.body, f"{row.kind.replace('_', ' ')}, {state}")


def _consent(row: ConsentEvent) -> Entry:
    return Entry(row.at, "consent", row.id, _CONSENT[row.kind], f"{row.method}: {row.evidence}")


def _standings(rows: Sequence[StandingEvent]) -> Iterator[Entry]:
    names = _names_of(rows[0].clinic_id if rows else None, {row.staff_id for row in rows if row.staff_id})
    for row in rows:
        who = f" by {names.get(row.staff_id, SOMEBODY)}" if row.staff_id else ""
        yield Entry(row.at, "standing", row.id, f"{_STANDING.get(row.kind, row.kind)}{who}", row.evidence)


def _cases_of(key: tuple[UUID, UUID], newest: int) -> Iterator[Entry]:
    cases = {case.id: case for case in _newest(Escalation, Escalation.opened_at, key, newest)}
    of_these = select(EscalationEvent).where(
        EscalationEvent.clinic_id == key[0], EscalationEvent.escalation_id.in_(list(cases))
    )
    events = db.session.scalars(of_these.order_by(EscalationEvent.at.desc()).limit(newest)).all() if cases else ()
    return _events(events, cases, with_number=True)


def _events(
    events: Sequence[EscalationEvent], cases: Mapping[UUID, Escalation], *, with_number: bool
) -> Iterator[Entry]:
    clinic_id = events[0].clinic_id if events else None
    names = _names_of(clinic_id, {event.staff_id for event in events if event.staff_id})
    states = _states_of(clinic_id, {event.outbound_id for event in events if event.outbound_id})
    for event in events:
        case = cases[event.escalation_id]
        said = _EVENT.get(event.kind, event.kind.replace("_", " "))
        who = names.get(event.staff_id, SOMEBODY) if event.staff_id else SOMEBODY
        text = said.format(who=who, detail=event.detail)
        text = _with_number(case, text) if with_number else text
        yield Entry(event.at, f"case_{event.kind}", event.id, text, _event_detail(event, case, states))


def _with_number(case: Escalation, text: str) -> str:
    """`Case 12 opened`, `Case 12: paged …`."""
    return f"Case {case.number}{text[4:]}" if text.startswith("Case ") else f"Case {case.number}: {text}"


def _event_detail(event: EscalationEvent, case: Escalation, states: Mapping[UUID, str]) -> str:
    if event.kind == "resolved":
        return f"{outcome_named(case.outcome)}. {event.detail}".rstrip() if case.outcome else event.detail
    if event.kind == "opened":
        return Priority(case.priority).label
    if event.kind == "raised":
        return ""
    if event.outbound_id is not None and event.kind in ("paged", "nobody"):
        step = f"step {event.step + 1}, " if event.step is not None else ""
        return f"{step}text {states.get(event.outbound_id, 'unknown')}"
    if event.kind == "step_empty" and event.step is not None:
        return f"step {event.step + 1}"
    return f"by {event.detail}" if event.kind == "acknowledged" and event.detail else event.detail


def _names_of(clinic_id: UUID | None, staff_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    of_these = select(Staff).where(Staff.clinic_id == clinic_id, Staff.id.in_(list(staff_ids)))
    return {person.id: person.name for person in db.session.scalars(of_these)} if clinic_id else {}


def _states_of(clinic_id: UUID | None, message_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    of_these = select(OutboundMessage.id, OutboundMessage.state).where(
        OutboundMessage.clinic_id == clinic_id, OutboundMessage.id.in_(list(message_ids))
    )
    return {row.id: row.state for row in db.session.execute(of_these)} if clinic_id else {}


def outcome_named(outcome: str) -> str:
    """How a case ended, in words."""
    return OUTCOME_WORDS[Outcome(outcome)]


def named(check_in: str) -> str:
    """A check-in's name as staff read it: `day 3`, `same day`."""
    return check_in.replace("_", " ")
