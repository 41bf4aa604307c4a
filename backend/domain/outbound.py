"""The kinds of text that go out, and the send policy of each."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """Why a text goes out."""

    PROMPT = "prompt"
    REMINDER = "reminder"
    WELCOME = "welcome"
    NUMBER_CHECK = "number_check"
    CRISIS = "crisis"
    MEDICAL = "medical"
    REPLY = "reply"
    STAFF_MESSAGE = "staff_message"
    PAGE = "page"
    STAFF_REPLY = "staff_reply"


class State(StrEnum):
    """Where a text is. Twilio's own states but for `unsure`: the carrier may or may not have it."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNSURE = "unsure"

    @property
    def final(self) -> bool:
        return self in (State.DELIVERED, State.UNDELIVERED, State.FAILED)


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How one kind of text is treated.

    `safety`: nothing the product decides ever holds it back, and it is sent at least once. `initiated`: the clinic
    starts it, so consent, window and caps apply. `validity`: how long the carrier may queue it. `attempts`: how often
    a refusal that is safe to retry is retried. `confirm`: without a delivery report it counts as lost after this.
    """

    safety: bool
    initiated: bool
    validity: timedelta
    attempts: int
    confirm: timedelta | None


TO_STAFF = frozenset({Kind.PAGE, Kind.STAFF_REPLY})
"""All other kinds go to patients, or to whoever else has written."""

_LONGEST = timedelta(hours=10)  # Twilio's maximum, 36000 s
POLICIES: dict[Kind, SendPolicy] = {
    Kind.PROMPT: SendPolicy(False, True, timedelta(hours=2), 5, None),
    Kind.REMINDER: SendPolicy(False, True, timedelta(hours=2), 5, None),
    Kind.WELCOME: SendPolicy(False, True, timedelta(hours=2), 5, None),
    Kind.NUMBER_CHECK: SendPolicy(False, True, timedelta(hours=2), 5, None),
    Kind.CRISIS: SendPolicy(True, False, _LONGEST, 1000, timedelta(seconds=60)),
    Kind.MEDICAL: SendPolicy(True, False, _LONGEST, 1000, timedelta(seconds=60)),
    Kind.REPLY: SendPolicy(False, False, timedelta(hours=2), 5, None),
    Kind.STAFF_MESSAGE: SendPolicy(False, False, timedelta(hours=2), 5, None),
    Kind.PAGE: SendPolicy(True, False, timedelta(minutes=10), 1000, timedelta(seconds=60)),
    Kind.STAFF_REPLY: SendPolicy(False, False, timedelta(minutes=10), 5, None),
}

ARRIVED = "delivered"
"""The carrier's word for a text that is on its phone."""
CARRIER_RANK = {
    "accepted": 0, "scheduled": 0, "queued": 1, "sending": 2, "sent": 3,
    "delivered": 4, "undelivered": 4, "failed": 4, "canceled": 4, "read": 5,
}  # fmt: skip
"""Delivery reports come in any order; a lower rank never replaces a higher one (TWILIO.md 3.1)."""

_STATE_OF = {
    "delivered": State.DELIVERED, "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED, "failed": State.FAILED, "canceled": State.FAILED,
}  # fmt: skip


def state_of(carrier_status: str) -> State:
    """Our state for the carrier's. A word we do not know means no more than that the carrier has the text."""
    return _STATE_OF.get(carrier_status, State.SENT)


def supersedes(new: str, old: str | None) -> bool:
    """Whether a reported carrier status may replace the one on record."""
    return old is None or CARRIER_RANK.get(new, 0) > CARRIER_RANK.get(old, 0)


def retry_after(attempts: int) -> timedelta:
    """How long to wait after that many refused attempts: doubling from 2 s, at most 5 minutes."""
    return min(timedelta(seconds=2 ** min(attempts, 9)), timedelta(minutes=5))
