"""Everything that happened with one patient, or to one case, as one list in the order of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from backend.domain.concerns import Priority
from backend.domain.escalation import OUTCOME_WORDS, Outcome
from backend.store.check_ins import CheckIn, Score
from backend.store.database import ClinicRow, db
from backend.store.escalations import Escalation, EscalationEvent
from backend.store.patients import ConsentEvent, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage

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
    "nobody": "NOBODY could be paged",
    "page_lost": "The page to {who} did not arrive",
    "patient_not_reached": "Our safety text did NOT reach the patient",
    "acknowledged": "{who} took the case",
    "note": "{who} wrote a note",
    "resolved": "{who} closed the case",
}
_CASE_EVENTS_OF_A_PATIENT = ("raised", "paged", "nobody", "patient_not_reached", "acknowledged", "note", "resolved")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `kind`: treatment · check_in · text_in · text_out · consent · case_<event>.

    `text` is what a nurse reads first (for texts the exact words), `detail` what is worth knowing besides, and `id` the
    row it comes from.
    """

    at: datetime
    kind: str
    id: UUID
    text: str
    detail: str


def timeline_of(clinic_id: UUID, patient_id: UUID, *, newest: int = NEWEST) -> list[Entry]:
    """One patient's treatments, check-ins, texts both ways, consent and cases, newest first; what is planned stands on top."""
    entries = [
        *map(_treatment, _newest_of(Treatment, Treatment.ended_at, clinic_id, patient_id, newest)),
        *map(_check_in, _newest_of(CheckIn, CheckIn.due_at, clinic_id, patient_id, newest)),
        *_texts_in(_newest_of(InboundMessage, InboundMessage.received_at, clinic_id, patient_id, newest)),
        *map(_text_out, _newest_of(OutboundMessage, OutboundMessage.created_at, clinic_id, patient_id, newest)),
        *map(_consent, _newest_of(ConsentEvent, ConsentEvent.at, clinic_id, patient_id, newest)),
        *_cases_of(clinic_id, patient_id, newest),
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)[:newest]


def case_timeline(case: Escalation) -> list[Entry]:
    """One case's texts both ways and everything that happened to it, oldest first."""
    events = _rows_of_case(EscalationEvent, case)
    sent = {message.id: message for message in _rows_of_case(OutboundMessage, case)}
    names = _names_of(case.clinic_id, [event.staff_id for event in events])
    pages = {event.outbound_id for event in events}
    entries = [
        *_texts_in(_rows_of_case(InboundMessage, case)),
        *(_text_out(message) for message in sent.values() if message.id not in pages and message.staff_id is None),
        *(_event(event, case, names, sent) for event in events),
    ]
    # What a text caused stands after the text, though both carry the same time.
    return sorted(entries, key=lambda entry: (entry.at, entry.kind != "text_in", entry.id))


def _newest_of(
    model: type[ClinicRow], at: object, clinic_id: UUID, patient_id: UUID, newest: int
) -> Sequence[ClinicRow]:
    return db.session.scalars(
        select(model)
        .where(model.clinic_id == clinic_id, model.patient_id == patient_id)  # type: ignore[attr-defined] # all five have one
        .order_by(at.desc())  # type: ignore[attr-defined] # a column of that model
        .limit(newest)
    ).all()


def _rows_of_case[Row: ClinicRow](model: type[Row], case: Escalation) -> Sequence[Row]:
    return ()


