"""The way out to the telephone network, in the product's own words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sms:
    """One text to send. `reference` comes back in every status report; numbers are E.164."""

    sender: str
    to: str
    body: str
    reference: str
    validity: timedelta


@dataclass(frozen=True, slots=True)
class Receipt:
    """The carrier has the text, under this id, in this state (the carrier's word)."""

    message_sid: str
    status: str
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound text as the carrier lists it."""

    message_sid: str
    sender: str
    to: str
    body: str
    media_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """A text that the carrier did not deliver because its recipient stopped our texts there (21610)."""

    message_sid: str
    to: str
    at: datetime


class NotSent(Exception):  # noqa: N818 - named for what happened
    """The carrier surely did not take the text. `transient`: the same text may be tried again later."""

    def __init__(self, code: int | None, reason: str, *, transient: bool) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.transient = transient


class MaybeSent(Exception):  # noqa: N818 - named for what happened
    """Nobody knows whether the carrier took the text: look it up before sending anything again (S9)."""


class Gateway(Protocol):
    """What the product needs of a carrier. The Twilio adapter is the only one; the sandbox speaks the same HTTP."""

    def send(self, sms: Sms) -> Receipt:
        """Hand one text to the carrier. Raises `NotSent` or `MaybeSent`, nothing else."""
        ...

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        """The newest text with this recipient and body that the carrier has since then, or None if it has none.

        Raises `MaybeSent` when the carrier cannot be asked.
        """
        ...

    def received_since(self, *, to: str, since: datetime) -> list[Received]:
        """The texts that came to this number since then. Raises `MaybeSent` when the carrier cannot be asked."""
        ...

    def blocked_since(self, *, sender: str, since: datetime) -> list[Blocked]:
        """The texts from this number that the carrier did not deliver since then because the recipient stopped them.
        Its list of blocked numbers itself cannot be read (TWILIO.md 5.1). Raises `MaybeSent` when it cannot be asked.
        """
        ...
