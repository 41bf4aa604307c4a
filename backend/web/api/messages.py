"""A patient's texts over the API: those that came, those that went, and a new one from the clinic."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import select

from backend.domain.texts import MOST_SEPTETS, septets
from backend.services.cases.acting import actor_of
from backend.services.patients import enrolment
from backend.services.texting import messages
from backend.store.texts import InboundMessage, OutboundMessage
from backend.web.api.access import clinic_id, note_proxy, note_views, owner, staff_named
from backend.web.api.fields import Answer, Body, Moment, StaffName
from backend.web.api.operation import operation
from backend.web.api.paging import Listing, Page, Place
from backend.web.current import house

MESSAGES = "messages"
TEXTS_IN = Listing(MESSAGES, InboundMessage, "received_at", newest_first=True)
TEXTS_OUT = Listing(MESSAGES, OutboundMessage, "created_at", newest_first=True)
_MOST_NAMED = 5


def _can_be_sent(words: str) -> str:
    """Names the places of what a text cannot carry, not the characters: a problem never repeats what was sent."""
    odd = [str(place) for place, character in enumerate(words, start=1) if septets(character) is None]
    if odd:
        raise ValueError(f"a text cannot carry the characters at these places: {', '.join(odd[:_MOST_NAMED])}")
    return words


class NewMessage(Body):
    """A text to the patient, from the clinic."""

    body: Annotated[
        str,
        StringConstraints(min_length=1, max_length=MOST_SEPTETS),
        AfterValidator(_can_be_sent),
        Field(description="Plain words in the GSM 7-bit alphabet: no emoji."),
    ]
    staff_id: StaffName | None = None


class MessageShown(Answer):
    """One text. `state` of an outgoing one: queued, sent, delivered, undelivered, failed or unsure; of an incoming one:
    how it was dealt with, or `received` while it is still to be read.
    """

    id: UUID
    direction: str = Field(description="`in` from the patient, `out` to the patient.")
    kind: str
    body: str
    state: str
    at: Moment
    check_in_id: UUID | None
    escalation_id: UUID | None


class MessagePage(Answer):
    """A page of a patient's texts both ways, newest first."""

    items: list[MessageShown]
    next_cursor: str | None


@operation(
    "POST", "/patients/<uuid:patient_id>/messages", "messages:write", answer=MessageShown, status=201, body=NewMessage
)
def send_message(patient_id: UUID, body: NewMessage) -> MessageShown:
    """Text a patient.

    `staff_id` says whose words they are; without it they are the token's.
    """
    patient = enrolment.patient_of(clinic_id(), patient_id)
    staff = staff_named(body.staff_id) if body.staff_id else None
    actor = actor_of(staff) if staff else owner().actor
    message = messages.send_to_patient(patient, body.body, actor, house())
    if staff is not None:
        note_proxy(staff, message.id)
    return _sent(message)


@operation("GET", "/patients/<uuid:patient_id>/messages", "messages:read", answer=MessagePage, query=Page)
def list_messages(patient_id: UUID, query: Page) -> MessagePage:
    """A patient's texts, both ways."""
    enrolment.patient_of(clinic_id(), patient_id)
    shown = sorted(_texts(patient_id, query), key=lambda text: (text.at, text.id.hex), reverse=True)
    items, more = shown[: query.limit], len(shown) > query.limit
    note_views("messages_viewed", [patient_id])
    cursor = Place(items[-1].at, items[-1].id).cursor(MESSAGES) if more else None
    return MessagePage(items=items, next_cursor=cursor)


def _texts(patient_id: UUID, query: Page) -> list[MessageShown]:
    """The next texts of either direction, enough of both that the page can be cut from them."""
    came = select(InboundMessage).where(
        InboundMessage.clinic_id == clinic_id(), InboundMessage.patient_id == patient_id
    )
    went = select(OutboundMessage).where(
        OutboundMessage.clinic_id == clinic_id(), OutboundMessage.patient_id == patient_id
    )
    return [
        *(_received(text) for text in TEXTS_IN.beyond(query, came, query.limit + 1)),
        *(_sent(text) for text in TEXTS_OUT.beyond(query, went, query.limit + 1)),
    ]


def _received(text: InboundMessage) -> MessageShown:
    return MessageShown(
        id=text.id,
        direction="in",
        kind="text",
        body=text.body,
        state=text.disposition or "received",
        at=text.received_at,
        check_in_id=text.check_in_id,
        escalation_id=text.escalation_id,
    )


def _sent(text: OutboundMessage) -> MessageShown:
    return MessageShown(
        id=text.id,
        direction="out",
        kind=text.kind,
        body=text.body,
        state=text.state,
        at=text.created_at,
        check_in_id=text.check_in_id,
        escalation_id=text.escalation_id,
    )
