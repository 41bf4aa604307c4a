"""A carrier in memory, with the shape of the gateway: it takes texts, delivers, reports, and fails as it is told to."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple, Protocol

from backend.messaging.gateway import Blocked, MaybeSent, NotSent, Receipt, Received, Sms
from backend.simulator.agenda import Agenda, Clock
from backend.simulator.dice import chance
from backend.simulator.faults import Faults

_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "UNSTOP"})
_UNDELIVERED = (30003, 30005, 30006)
_OPTED_OUT, _TOO_MANY = 21610, 20429
_REMEMBERED = timedelta(days=2)


class Crash(BaseException):
    """The process dies here: nothing in it may catch this and go on."""


class Reply(NamedTuple):
    """What the product answers to a text, on the carrier's own request."""

    reference: str
    body: str


class Product(Protocol):
    """What the carrier calls at the clinic's end of the line."""

    def text_came(self, parameters: dict[str, str], *, dies: bool) -> Reply | None:
        """A text for a clinic; `dies`: right after keeping it."""
        ...

    def report_came(self, reference: str, message_sid: str, status: str, error_code: int | None) -> None: ...


@dataclass(slots=True)
class _Text:
    """A text the carrier has taken."""

    sid: str
    sender: str
    to: str
    body: str
    reference: str
    at: datetime
    status: str = "queued"
    error_code: int | None = None


class Carrier:
    """Everybody's handset and the clinics' numbers. `on_handset` is told (number, sender, body) of each delivery."""

    def __init__(self, clock: Clock, agenda: Agenda, seed: int, faults: Faults) -> None:
        self._clock, self._agenda, self._seed, self._faults = clock, agenda, seed, faults
        self.product: Product
        self.on_handset: Callable[[str, str, str], None] = lambda _number, _sender, _body: None
        self.on_lost: Callable[[], None] = lambda: None
        self._arrived = 0
        self._sids = count(1)
        self._blocked: set[tuple[str, str]] = set()
        self._sent: dict[str, list[_Text]] = defaultdict(list)
        self._received: dict[str, list[Received]] = defaultdict(list)
        self._places: dict[str, tuple[datetime, int]] = {}

    # The gateway

    def send(self, sms: Sms) -> Receipt:
        what = self._place(sms.to)
        if self._strikes("refused", *what):
            if self._even("refused how", *what):
                raise NotSent(_TOO_MANY, "retry", transient=True)
            raise MaybeSent("HTTP 500")
        if self._strikes("opted_out", *what):
            self._blocked.add((sms.sender, sms.to))
        if (sms.sender, sms.to) in self._blocked:
            raise NotSent(_OPTED_OUT, "opted_out", transient=False)
        if self._strikes("timeouts", *what) and self._even("timeout when", *what):
            raise MaybeSent("timeout")
        if self._strikes("crashes", *what) and self._even("crash when", *what):
            raise Crash
        text = self._take(sms.sender, sms.to, sms.body, sms.reference, what)
        if self._strikes("timeouts", *what):
            raise MaybeSent("timeout")
        if self._strikes("crashes", *what):
            raise Crash
        return Receipt(text.sid, text.status)

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        known = (text for text in reversed(self._sent[to]) if text.body == body and text.at >= since)
        return next((Receipt(text.sid, text.status, text.error_code) for text in known), None)

    def received_since(self, *, to: str, since: datetime) -> list[Received]:
        kept = self._received[to]
        while kept and kept[0].at < self._clock.now() - _REMEMBERED:
            kept.pop(0)
        return [text for text in kept if text.at >= since]

    def blocked_since(self, *, sender: str, since: datetime) -> list[Blocked]:
        sent = (text for texts in self._sent.values() for text in texts if text.sender == sender and text.at >= since)
        return [Blocked(text.sid, text.to, text.at) for text in sent if text.error_code == _OPTED_OUT]

    # Texts to handsets

    def _take(self, sender: str, to: str, body: str, reference: str, what: tuple[object, ...]) -> _Text:
        now = self._clock.now()
        text = _Text(self._sid(), sender, to, body, reference, now)
        mine = self._sent[to]
        mine[:] = [known for known in mine if known.at > now - _REMEMBERED] + [text]
        wait = timedelta(seconds=2 + int(4 * chance(self._seed, "on its way", *what)))
        self._agenda.put(now + wait, lambda: self._deliver(text, what))
        return text

    def _deliver(self, text: _Text, what: tuple[object, ...]) -> None:
        if (text.sender, text.to) in self._blocked:
            text.status, text.error_code = "failed", _OPTED_OUT
        elif self._strikes("undelivered", *what):
            text.status = "undelivered"
            text.error_code = _UNDELIVERED[int(len(_UNDELIVERED) * chance(self._seed, "why", *what))]
        else:
            text.status = "delivered"
        self._report(text, what)
        if text.status == "delivered":
            self._arrived += 1
            self.on_handset(text.to, text.sender, text.body)

    def _report(self, text: _Text, what: tuple[object, ...]) -> None:
        if self._strikes("lost_reports", *what):
            return
        self.product.report_came(text.reference, text.sid, text.status, text.error_code)
        if self._strikes("duplicates", "report", *what):
            self.product.report_came(text.reference, text.sid, text.status, text.error_code)
        if self._strikes("reordered", "report", *what):  # an earlier state comes after the last one
            self._agenda.put_in(
                timedelta(seconds=5), lambda: self.product.report_came(text.reference, text.sid, "sent", None)
            )

    def count_arrived(self) -> int:
        """How many texts arrived since this was last asked: no other work follows from that."""
        arrived, self._arrived = self._arrived, 0
        return arrived

    # Texts from handsets

    def text(self, sender: str, to: str, body: str, photos: int = 0) -> None:
        """Somebody texts a clinic."""
        now, what = self._clock.now(), ("from", *self._place(sender))
        word = body.strip().upper()
        if word in _STOP:
            self._blocked.add((to, sender))
        elif word in _START:
            self._blocked.discard((to, sender))
        received = Received(self._sid(), sender, to, body, photos, now)
        self._received[to].append(received)
        if self._strikes("lost_texts", *what):
            self._agenda.put_in(timedelta(minutes=1), self.on_lost)
            return
        late = 1 + int(9 * chance(self._seed, "how late", *what)) if self._strikes("reordered", *what) else 0
        self._agenda.put(now + timedelta(minutes=late), lambda: self._post(received, what))
        if self._strikes("duplicates", *what):
            self._agenda.put(now + timedelta(minutes=late, seconds=3), lambda: self._post(received, ("again", *what)))

    def _post(self, text: Received, what: tuple[object, ...]) -> None:
        parameters = {
            "MessageSid": text.message_sid, "From": text.sender, "To": text.to, "Body": text.body,
            "NumMedia": str(text.media_count),
        }  # fmt: skip
        reply = self.product.text_came(parameters, dies=self._strikes("crashes", *what))
        if reply is not None:
            self._take(text.to, text.sender, reply.body, reply.reference, ("reply", *what))

    # Dice

    def _place(self, number: str) -> tuple[object, ...]:
        """Which text of this number at this moment it is: what befalls it does not depend on ids."""
        now = self._clock.now()
        at, place = self._places.get(number, (now, -1))
        place = place + 1 if at == now else 0
        self._places[number] = now, place
        return number, now, place

    def _strikes(self, fault: str, *what: object) -> bool:
        return self._faults.strike(fault, self._seed, *what)

    def _even(self, *what: object) -> bool:
        return chance(self._seed, *what) < 1 / 2

    def _sid(self) -> str:
        return f"SM{next(self._sids):032x}"
