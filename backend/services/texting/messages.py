"""A text that a member of staff writes to a patient: checked before it is queued, kept with who wrote it."""

from uuid import UUID

from uuid_utils.compat import uuid7

from backend.domain.consent import refusal_of_words
from backend.domain.discretion import medicines_named
from backend.domain.outbound import Kind
from backend.domain.texts import MOST_SEPTETS, septets
from backend.services import audit
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid
from backend.services.patients.standing import standing_of
from backend.services.texting import outbox
from backend.store.patients import Patient
from backend.store.texts import OutboundMessage
from backend.store.work import transaction

TEXT_NAME = "staff_message"
_MOST_NAMED = 5


def send_to_patient(
    patient: Patient, body: str, actor: str, house: House, *, escalation_id: UUID | None = None
) -> OutboundMessage:
    """Queue these words to the patient.

    Raises `Invalid` for words that cannot be sent as they are, and `Conflict` for a patient who gets no texts.
    """
    words = as_sent(body)
    now = house.now()
    with transaction() as session:
        fresh = session.get_one(Patient, (patient.clinic_id, patient.id), with_for_update=True)
        if reason := refusal_of_words(standing_of(fresh)):
            raise Conflict(reason)
        message = outbox.to_number(
            fresh.clinic_id, fresh.phone, Kind.STAFF_MESSAGE, TEXT_NAME, words, now,
            id=uuid7(), patient_id=fresh.id, escalation_id=escalation_id,
        )  # fmt: skip
        audit.record(fresh.clinic_id, actor, "text_written", message.id, now)
    return message


def as_sent(body: str) -> str:
    """The words as they would leave. Raises `Invalid` naming what to change."""
    words = body.replace("\r\n", "\n").strip()
    if not words:
        raise Invalid({"body": "write something to send"})
    if odd := _outside_gsm(words):
        raise Invalid({"body": f"take out what cannot be sent by text: {', '.join(odd)}"})
    if named := medicines_named(words):
        raise Invalid({"body": f"take out {', '.join(named)}: others may read it on the patient's phone"})
    size = septets(words) or 0
    if size > MOST_SEPTETS:
        raise Invalid({"body": f"shorten it: it takes {size} characters of at most {MOST_SEPTETS}"})
    return words


def _outside_gsm(words: str) -> list[str]:
    """The characters that are not in GSM-7, the first few of them with where they stand."""
    odd = [(place, character) for place, character in enumerate(words, start=1) if septets(character) is None]
    named = [f"{_shown(character)} (place {place})" for place, character in odd[:_MOST_NAMED]]
    return [*named, f"and {len(odd) - _MOST_NAMED} more"] if len(odd) > _MOST_NAMED else named


def _shown(character: str) -> str:
    return character if character.isprintable() else f"U+{ord(character):04X}"
