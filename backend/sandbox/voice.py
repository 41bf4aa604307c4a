"""Calls through the carrier: rung at a handset, spoken from TwiML, answered with keypad digits."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

from backend.sandbox.account import SandboxSettings
from backend.sandbox.agenda import Agenda
from backend.sandbox.callbacks import Callbacks
from backend.sandbox.codes import Refused
from backend.sandbox.faults import FaultBoard
from backend.sandbox.ledger import Call, Ledger
from backend.sandbox.orders import CallOrder
from backend.sandbox.sids import new_sid
from backend.sandbox.twiml import BadTwiml, Verb, read
from backend.sandbox.webhooks import Answer, Webhooks

OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
APOLOGY = "We are sorry, an application error has occurred. Goodbye."
_EVENTS = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"}
_TO_RINGING = 0.1  # seconds
_SPEECH = 15.0  # characters that a voice speaks in a second
_MOST_REDIRECTS = 10


class CallNotThere(Exception):  # noqa: N818 - the answer to a tap on a phone
    """There is no such call in that state: it stopped ringing, or was hung up."""


class Voice:
    """The carrier's business with calls."""

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
        agenda.register("ring", lambda payload: self._ring(payload["sid"]))
        agenda.register("unanswered", self._unanswered)
        agenda.register("silence", self._silence, slow=True)

    def accept(self, order: CallOrder) -> Call:
        """Take a call from the REST API."""
        now = self._agenda.now()
        call = self._ledger.add_call(
            sid=new_sid("CA"),
            sender=order.sender,
            recipient=order.recipient,
            status="queued",
            created_at=now,
            updated_at=now,
            url=order.url,
            twiml=order.twiml,
            fallback=order.fallback,
            rings=order.rings,
            status_callback=order.status_callback,
            wanted=" ".join(sorted(order.wanted)),
        )
        self._report(call)
        self._agenda.soon(_TO_RINGING, "ring", sid=call.sid)
        return call

    def end(self, call: Call, status: str) -> Call:
        """End a call by the REST API: "canceled" before it is answered, "completed" at any time. Raises Refused."""
        before = ("queued", "ringing") if status == "canceled" else ("queued", "ringing", "in-progress")
        if status not in ("canceled", "completed"):
            raise Refused(20001)
        return self._move(call.sid, before, status) or self._known(call.sid)

    def is_reachable(self, handset: str) -> bool:
        return handset not in self._board.now.handsets_off

    def answer(self, sid: str) -> Call:
        """Pick up a ringing phone; raises CallNotThere."""
        if not self.is_reachable(self._known(sid).recipient):
            raise CallNotThere("the phone is off")
        call = self._move(sid, ("ringing",), "in-progress")
        if call is None:
            raise CallNotThere("nothing rings")
        return self._speak_from(call, call.url, {})

    def hang_up(self, sid: str) -> Call:
        """Decline a ringing call or end one; raises CallNotThere."""
        call = self._move(sid, ("ringing",), "busy") or self._move(sid, ("in-progress",), "completed")
        if call is None:
            raise CallNotThere("the call is over")
        return call

    def press(self, sid: str, keys: str) -> Call:
        """Press keys of the keypad, one after the other; keys that nobody waits for are lost."""
        if self._known(sid).status != "in-progress":
            raise CallNotThere("nobody is on the line")
        for key in keys:
            self._press_one(sid, key)
        return self._known(sid)

    def _press_one(self, sid: str, key: str) -> None:
        with self._ledger.whole():
            call = self._known(sid)
            if not call.gather:
                return
            gather = json.loads(call.gather)
            finished = key == gather["finish"]
            pressed = call.pressed + ("" if finished else key)
            complete = finished or len(pressed) == gather["digits"]
            call = self._ledger.change_call(
                sid, pressed="" if complete else pressed, gather="" if complete else call.gather, turn=call.turn + 1
            )
        if not complete:
            self._wait(call, gather["timeout"])
        elif pressed:
            self._speak_from(call, gather["action"], {"Digits": pressed, "FinishedOnKey": key if finished else ""})
        else:
            self._speak(call, json.loads(call.script), gather["action"])

    def _known(self, sid: str) -> Call:
        call = self._ledger.call(sid)
        if call is None:
            raise CallNotThere("no such call")
        return call

    def _ring(self, sid: str) -> None:
        call = self._move(sid, ("queued",), "ringing")
        if call:
            self._agenda.later(call.rings, "unanswered", sid=sid)

    def _unanswered(self, payload: dict[str, Any]) -> None:
        self._move(payload["sid"], ("ringing",), "no-answer")

    def _move(self, sid: str, before: Iterable[str], status: str) -> Call | None:
        """Change the status if it still is one of `before`; only one of two who try succeeds."""
        now = self._agenda.now()
        with self._ledger.whole():
            call = self._ledger.call(sid)
            if call is None or call.status not in before:
                return None
            times = {"in-progress": {"started_at": now}}.get(status, {"ended_at": now} if status in OVER else {})
            call = self._ledger.change_call(sid, status=status, updated_at=now, turn=call.turn + 1, **times)
        self._report(call)
        return call

    def _report(self, call: Call) -> None:
        event = _EVENTS.get(call.status, "completed")
        if event in call.wanted.split():
            self._callbacks.plan(call.status_callback, call.sid, {**self._params(call), **self._progress(call)})

    def _params(self, call: Call) -> dict[str, str]:
        return {
            "CallSid": call.sid,
            "AccountSid": self._settings.account_sid,
            "From": call.sender,
            "To": call.recipient,
            "Caller": call.sender,
            "Called": call.recipient,
            "CallStatus": call.status,
            "ApiVersion": "2010-04-01",
            "Direction": "outbound-api",
        }

    def _progress(self, call: Call) -> dict[str, str]:
        params = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(list(_EVENTS).index(call.status) if call.status in _EVENTS else len(_EVENTS)),
            "Timestamp": format_datetime(self._agenda.town_time()),
        }
        if call.status in OVER:
            params["CallDuration"] = str(duration_of(call))
        return params

    def _speak_from(self, call: Call, url: str, digits: dict[str, str], hops: int = _MOST_REDIRECTS) -> Call:
        """Fetch TwiML and speak it; whatever is wrong with it ends the call with an apology."""
        try:
            answer = self._fetch(call, url, digits)
            verbs = [asdict(verb) for verb in read(answer.body, answer.content_type)]
        except BadTwiml as error:
            self._callbacks.alert(error.code, str(error), call.sid, url)
            return self._apologise(call)
        return self._speak(call, verbs, answer.url, hops)

    def _fetch(self, call: Call, url: str, digits: dict[str, str]) -> Answer:
        if call.twiml and not url:
            return Answer(url="", status=200, content_type="text/xml", body=call.twiml)
        answers = self._webhooks.post(url, {**self._params(call), **digits}, fallback=call.fallback or None)
        self._callbacks.alert_failures(answers[:-1], call.sid)
        if answers[-1].fault:
            raise BadTwiml(answers[-1].code, "no TwiML came")
        return answers[-1]

    def _speak(self, call: Call, verbs: list[dict[str, Any]], source: str, hops: int = _MOST_REDIRECTS) -> Call:
        for step, raw in enumerate(verbs):
            verb = _verb(raw)
            if verb.name == "Gather":
                return self._gather(call, verb, verbs[step + 1 :], source)
            if verb.name == "Redirect" and hops:
                return self._speak_from(call, urljoin(source, verb.text.strip()), {}, hops - 1)
            if verb.name in ("Hangup", "Reject"):
                break
            call = self._hear(call, _words(verb))
        return self._move(call.sid, ("in-progress",), "completed") or call

    def _gather(self, call: Call, verb: Verb, rest: list[dict[str, Any]], source: str) -> Call:
        words = [_words(inner) for inner in verb.inside]
        timeout = _whole(verb.attributes.get("timeout"), 5)
        waiting = {
            "action": urljoin(source, verb.attributes.get("action", "")),
            "digits": int(_whole(verb.attributes.get("numDigits"), 0)),
            "finish": verb.attributes.get("finishOnKey", "#"),
            "timeout": timeout,
        }
        call = self._hear(call, *words)
        call = self._ledger.change_call(
            call.sid, script=json.dumps(rest), gather=json.dumps(waiting), pressed="", turn=call.turn + 1
        )
        self._wait(call, timeout + sum(map(len, words)) / _SPEECH)
        return call

    def _wait(self, call: Call, seconds: float) -> None:
        self._agenda.later(seconds, "silence", sid=call.sid, turn=call.turn)

    def _silence(self, payload: dict[str, Any]) -> None:
        """Nobody pressed a key in time: what was pressed counts, or else the document goes on."""
        with self._ledger.whole():
            call = self._known(payload["sid"])
            if call.turn != payload["turn"] or not call.gather:
                return
            gather, pressed = json.loads(call.gather), call.pressed
            call = self._ledger.change_call(call.sid, gather="", pressed="", turn=call.turn + 1)
        if pressed:
            self._speak_from(call, gather["action"], {"Digits": pressed})
        else:
            self._speak(call, json.loads(call.script), gather["action"])

    def _hear(self, call: Call, *words: str) -> Call:
        heard = [*json.loads(call.heard), *filter(None, words)]
        return self._ledger.change_call(call.sid, heard=json.dumps(heard))

    def _apologise(self, call: Call) -> Call:
        call = self._hear(call, APOLOGY)
        return self._move(call.sid, ("in-progress",), "completed") or call


def duration_of(call: Call) -> int:
    """Return the whole seconds that the call was answered, 0 if never."""
    if call.started_at is None or call.ended_at is None:
        return 0
    return round(call.ended_at - call.started_at)


def _verb(raw: dict[str, Any]) -> Verb:
    return Verb(**{**raw, "inside": tuple(_verb(inner) for inner in raw["inside"])})


def _words(verb: Verb) -> str:
    if verb.name == "Play":
        return f"(a recording: {verb.text.strip()})"
    return " ".join(verb.text.split()) if verb.name == "Say" else ""


def _whole(text: str | None, usual: float) -> float:
    return float(text) if text and text.isascii() and text.isdigit() else usual
