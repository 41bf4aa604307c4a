"""Texts through the carrier: accepted from the product, delivered to handsets, and received from handsets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import urljoin

from backend.sandbox import segments
from backend.sandbox.account import SandboxSettings
from backend.sandbox.agenda import Agenda
from backend.sandbox.callbacks import Callbacks
from backend.sandbox.codes import Refused
from backend.sandbox.faults import FaultBoard
from backend.sandbox.keywords import REPLIES, keyword
from backend.sandbox.ledger import Ledger, Message
from backend.sandbox.orders import MAX_BODY, TextOrder, is_number
from backend.sandbox.sids import new_sid
from backend.sandbox.twiml import BadTwiml, Verb, message_body, read
from backend.sandbox.webhooks import Answer, Webhooks

WEBHOOK_PATH = "/twilio/inbound#rc=2&rp=all&ct=1500&rt=3500"
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
NOT_YET_ASSIGNED = frozenset({"accepted", "scheduled"})
_TO_SENT, _TO_DELIVERED = 0.1, 0.2  # seconds
_LOOP_LENGTH, _LOOP_GAP = 15, 30.0  # Twilio's 14107: this many replies, each within so many seconds of the last
_MOST_REDIRECTS = 5
_PLACES = ("City", "State", "Zip", "Country")


@dataclass(frozen=True, kw_only=True)
class Received:
    """A text from a handset, what the webhook said to it, and the texts that came of it."""

    message: Message
    answers: list[Answer]
    replies: list[Message] = field(default_factory=list)


class Texts:
    """The carrier's business with texts."""

    def __init__(
        self,
        *,
        settings: SandboxSettings,
        ledger: Ledger,
        agenda: Agenda,
        webhooks: Webhooks,
        callbacks: Callbacks,
        board: FaultBoard,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._agenda = agenda
        self._webhooks = webhooks
        self._callbacks = callbacks
        self._board = board
        agenda.register("text", lambda payload: self._step(payload["sid"]))

    def accept(self, order: TextOrder) -> Message:
        """Take a text from the REST API. Raises Refused 21610 for a blocked handset (with a service: later)."""
        if not order.service_sid and self._ledger.is_blocked(order.sender, order.recipient):
            raise Refused(21610)
        if order.send_at:
            wait = order.send_at.timestamp() - self._agenda.now()
            message = self._keep(order, direction="outbound-api", status="scheduled")
            self._agenda.later(max(wait, 0), "text", sid=message.sid)
            return message
        return self._send(order, direction="outbound-api", status="accepted" if order.service_sid else "queued")

    def cancel(self, message: Message) -> Message:
        """Call a scheduled text off; raises Refused."""
        if message.status != "scheduled":
            raise Refused(30409)
        return self._become(message, "canceled", None)

    def redact(self, message: Message) -> Message:
        return self._ledger.change_message(message.sid, body="", updated_at=self._agenda.now()) or message

    def delete(self, message: Message) -> None:
        """Forget a text; raises Refused while it is under way."""
        if message.status not in FINAL:
            raise Refused(20009)
        self._ledger.run("DELETE FROM messages WHERE sid = ?", message.sid)
        self._ledger.touch(message.handset)

    def receive(self, handset: str, body: str, to: str | None = None, media: int = 0) -> Received:
        """Take a text from a handset: keep it, mind its keyword, tell the product, send what it answers."""
        message = self._keep(
            TextOrder(sender=handset, recipient=to or self.usual_number(handset), body=body, media=media),
            direction="inbound",
            status="received",
        )
        canned = self._mind_keyword(message)
        answers = self._tell(message)
        return Received(message=message, answers=answers, replies=[*canned, *self._answer(message, answers[-1])])

    def usual_number(self, handset: str) -> str:
        """Return the number that last texted this handset."""
        last = self._ledger.messages("recipient = ? AND direction <> 'inbound'", [handset])
        return last[0].sender if last else self._settings.default_number

    def _keep(self, order: TextOrder, *, direction: str, status: str) -> Message:
        now = self._agenda.now()
        return self._ledger.add_message(
            sid=new_sid("MM" if order.media else "SM"),
            direction=direction,
            sender=order.sender,
            recipient=order.recipient,
            body=order.body,
            media=order.media,
            status=status,
            created_at=now,
            updated_at=now,
            sent_at=now if status in FINAL else None,
            status_callback=order.status_callback,
            service_sid=order.service_sid,
        )

    def _send(self, order: TextOrder, *, direction: str, status: str = "queued") -> Message:
        message = self._keep(order, direction=direction, status=status)
        self._agenda.soon(_TO_SENT, "text", sid=message.sid)
        return message

    def _step(self, sid: str) -> None:
        message = self._ledger.message(sid)
        if message is None or message.status in FINAL:
            return
        changed = self._become(message, *self._next(message))
        if changed.status not in FINAL:
            self._agenda.soon(_TO_DELIVERED, "text", sid=sid)

    def _next(self, message: Message) -> tuple[str, int | None]:
        if message.status == "sent":
            off = message.recipient in self._board.now.handsets_off
            return ("undelivered", 30003) if off else ("delivered", None)
        if self._ledger.is_blocked(message.sender, message.recipient):
            return "failed", 21610
        if message.status in NOT_YET_ASSIGNED:
            return "queued", None
        return ("failed", 14107) if self._is_looping(message) else ("sent", None)

    def _is_looping(self, message: Message) -> bool:
        if message.direction != "outbound-reply":
            return False
        replies = self._ledger.messages(
            "direction = 'outbound-reply' AND sender = ? AND recipient = ? AND id <= ?",
            [message.sender, message.recipient, message.id],
            limit=_LOOP_LENGTH + 1,
        )
        times = [reply.created_at for reply in replies]
        close = [later - sooner < _LOOP_GAP for later, sooner in pairwise(times)]
        return len(close) == _LOOP_LENGTH and all(close)

    def _become(self, message: Message, status: str, error: int | None) -> Message:
        now = self._agenda.now()
        sent = now if status == "sent" else message.sent_at
        changed = self._ledger.change_message(
            message.sid, status=status, error_code=error, updated_at=now, sent_at=sent
        )
        self._callbacks.plan(message.status_callback, message.sid, self._status_params(changed or message))
        return changed or message

    def _status_params(self, message: Message) -> dict[str, str]:
        params = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "AccountSid": self._settings.account_sid,
            "From": message.sender,
            "To": message.recipient,
            "ApiVersion": "2010-04-01",
            "MessageStatus": message.status,
            "SmsStatus": message.status,
        }
        if message.service_sid:
            params["MessagingServiceSid"] = message.service_sid
        if message.error_code:
            params["ErrorCode"] = str(message.error_code)
        if message.status in ("delivered", "undelivered"):
            params["RawDlrDoneDate"] = datetime.fromtimestamp(message.updated_at, UTC).strftime("%y%m%d%H%M")
        return params

    def _mind_keyword(self, message: Message) -> list[Message]:
        """Opt out, in, or help by Twilio's own hand; its answer is exempt from the block that it confirms."""
        word = keyword(message.body)
        clinic, handset = message.recipient, message.sender
        if word == "stop":
            wanted = self._ledger.block(clinic, handset)
        elif word == "start":
            wanted = self._ledger.unblock(clinic, handset)
        else:
            wanted = word == "help" and not self._ledger.is_blocked(clinic, handset)
        if not word or not wanted:
            return []
        order = TextOrder(sender=clinic, recipient=handset, body=REPLIES[word])
        return [self._keep(order, direction="outbound-reply", status="delivered")]

    def _tell(self, message: Message) -> list[Answer]:
        url, fallback = self.webhook_of(message.recipient)
        answers = self._webhooks.post(url, self._inbound_params(message), fallback=fallback or None)
        self._callbacks.alert_failures(answers, message.sid)
        if answers[-1].fault:
            self._ledger.change_message(message.sid, note=f"webhook failed {answers[-1].code}")
        return answers

    def webhook_of(self, number: str) -> tuple[str, str]:
        """Return the webhook and the fallback of a clinic's number; "" for no fallback."""
        rows = self._ledger.rows("SELECT sms_url, fallback FROM numbers WHERE number = ?", number)
        return (rows[0]["sms_url"], rows[0]["fallback"]) if rows else (self._settings.webhook_base + WEBHOOK_PATH, "")

    def _inbound_params(self, message: Message) -> dict[str, str]:
        params = {
            "ToCountry": "US" if message.recipient.startswith("+1") else "",
            "FromCountry": "US" if message.sender.startswith("+1") else "",
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": self._settings.account_sid,
            "From": message.sender,
            "To": message.recipient,
            "Body": message.body,
            "NumMedia": str(message.media),
            "NumSegments": str(segments.count(message.body)),
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        places = {f"{end}{place}": "" for end in ("From", "To") for place in _PLACES}
        return {**places, **params, **self._media_params(message)}

    def _media_params(self, message: Message) -> dict[str, str]:
        home = f"https://api.twilio.com/2010-04-01/Accounts/{self._settings.account_sid}/Messages/{message.sid}/Media"
        params = {}
        for number in range(message.media):
            params[f"MediaUrl{number}"] = f"{home}/ME{message.sid[2:-2]}{number:02x}"
            params[f"MediaContentType{number}"] = "image/jpeg"
        return params

    def _answer(self, message: Message, answer: Answer) -> list[Message]:
        if answer.fault or not answer.body.strip():
            return []
        try:
            return self._follow(message, answer, _MOST_REDIRECTS)
        except BadTwiml as error:
            self._callbacks.alert(error.code, str(error), message.sid, answer.url)
            self._ledger.change_message(message.sid, note=f"answer refused {error.code}")
            return []

    def _follow(self, message: Message, answer: Answer, redirects: int) -> list[Message]:
        replies: list[Message] = []
        for verb in read(answer.body, answer.content_type):
            if verb.name == "Message":
                replies += self._reply(message, answer, verb)
            elif verb.name == "Redirect" and redirects:
                return replies + self._redirect(message, urljoin(answer.url, verb.text.strip()), redirects - 1)
            else:
                self._callbacks.alert(12200, f"{verb.name} is no verb for a text", message.sid, answer.url)
        return replies

    def _redirect(self, message: Message, url: str, redirects: int) -> list[Message]:
        answers = self._webhooks.post(url, self._inbound_params(message))
        self._callbacks.alert_failures(answers, message.sid)
        return [] if answers[-1].fault else self._follow(message, answers[-1], redirects)

    def _reply(self, message: Message, answer: Answer, verb: Verb) -> list[Message]:
        callback = verb.attributes.get("statusCallback", "")
        order = TextOrder(
            sender=verb.attributes.get("from", message.recipient),
            recipient=verb.attributes.get("to", message.sender),
            body=message_body(verb),
            media=sum(inner.name == "Media" for inner in verb.inside),
            status_callback=urljoin(answer.url, callback) if callback else "",
        )
        if not (order.body or order.media) or len(order.body) > MAX_BODY or not is_number(order.recipient):
            self._callbacks.alert(14103, f"{len(order.body)} characters", message.sid, answer.url)
            return []
        return [self._send(order, direction="outbound-reply")]
