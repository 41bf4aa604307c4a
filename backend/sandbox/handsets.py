"""The phones of the town: what they show, what is typed on them, the page of them all, and the town's controls."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.routing import BaseConverter, ValidationError

from backend.sandbox.carrier import Carrier
from backend.sandbox.codes import DELIVERY_ERRORS
from backend.sandbox.durations import FORM, duration
from backend.sandbox.ledger import Call, Message
from backend.sandbox.orders import MAX_BODY, is_number, is_web_address
from backend.sandbox.texts import Received
from backend.sandbox.voice import OVER, CallNotThere

_SHOWN_TEXTS, _SHOWN_PHONES, _SHOWN_ALERTS = 60, 80, 100
_MOST_MEDIA = 10
Answer = Response | tuple[Response, int]
Kind = TypeVar("Kind", str, int)


class Unprocessable(Exception):  # noqa: N818 - the name of its HTTP status
    """The request says something that cannot be; the text says what."""


class NumberConverter(BaseConverter):
    """A phone number in a path: +1…, %2B1…, or without its plus."""

    regex = r"[+ ]?\d{7,15}"

    def to_python(self, value: str) -> str:
        number = "+" + value.strip().lstrip("+")
        if not is_number(number):
            raise ValidationError
        return number


def town_pages(carrier: Carrier) -> Blueprint:
    """Build the page and everything on it."""
    pages = Blueprint("town", __name__, static_folder="static", template_folder="templates")
    pages.before_request(_refuse_other_sites)
    pages.register_error_handler(Unprocessable, _say_unprocessable)
    pages.register_error_handler(CallNotThere, _say_no_call)
    pages.add_url_rule("/", view_func=lambda: render_template("phones.html", zone=carrier.settings.zone))
    _add_phones(pages, carrier)
    _add_texts(pages, carrier)
    _add_calls(pages, carrier)
    _add_clock(pages, carrier)
    _add_faults(pages, carrier)
    _add_numbers(pages, carrier)
    return pages


def _add_phones(pages: Blueprint, carrier: Carrier) -> None:
    @pages.get("/phones")
    def poll() -> Answer:
        """Return the phones that changed after a version, for the page that looks every moment."""
        return jsonify(_changes(carrier, int(request.args.get("after", 0, type=int))))

    @pages.get("/handsets")
    def list_handsets() -> Answer:
        rows = carrier.ledger.rows("SELECT number FROM handsets ORDER BY changed DESC")
        return jsonify([_summary(carrier, row["number"]) for row in rows])

    @pages.post("/handsets/<number:number>")
    def name_handset(number: str) -> Answer:
        label = _given("label", str, "")
        carrier.ledger.touch(number)
        carrier.ledger.run("UPDATE handsets SET label = ? WHERE number = ?", label[:80], number)
        return jsonify(_summary(carrier, number))

    @pages.get("/handsets/<number:number>")
    def show_handset(number: str) -> Answer:
        return jsonify(_summary(carrier, number))


def _add_texts(pages: Blueprint, carrier: Carrier) -> None:
    @pages.post("/handsets/<number:number>/texts")
    def send_text(number: str) -> Answer:
        body, to, media = _given("body", str, ""), _given("to", str, ""), _given("media", int, 0)
        if not (body or media) or len(body) > MAX_BODY or not 0 <= media <= _MOST_MEDIA:
            raise Unprocessable(f"a text has a body of 1 to {MAX_BODY} characters, or up to {_MOST_MEDIA} media")
        if to and not is_number(to):
            raise Unprocessable("to is a number such as +15555550100")
        return jsonify(_received(carrier.texts.receive(number, body, to or None, media))), 201

    @pages.get("/handsets/<number:number>/texts")
    def list_texts(number: str) -> Answer:
        thread = [text_json(message) for message in carrier.ledger.thread(number)]
        got = [text for text in thread if text["direction"] == "received" and text["status"] == "delivered"]
        return jsonify(number=number, texts=got, thread=thread)


def _add_calls(pages: Blueprint, carrier: Carrier) -> None:
    def call_of(number: str, sid: str) -> str:
        call = carrier.ledger.call(sid)
        if call is None or call.recipient != number:
            raise CallNotThere("no such call on this phone")
        return sid

    @pages.get("/handsets/<number:number>/calls")
    def list_calls(number: str) -> Answer:
        calls = carrier.ledger.calls("recipient = ?", [number], limit=500)
        return jsonify(number=number, calls=[phone_call_json(call) for call in calls[::-1]])

    @pages.post("/handsets/<number:number>/calls/<sid>/answer")
    def answer(number: str, sid: str) -> Answer:
        return jsonify(phone_call_json(carrier.voice.answer(call_of(number, sid))))

    @pages.post("/handsets/<number:number>/calls/<sid>/hangup")
    def hang_up(number: str, sid: str) -> Answer:
        return jsonify(phone_call_json(carrier.voice.hang_up(call_of(number, sid))))

    @pages.post("/handsets/<number:number>/calls/<sid>/digits")
    def press(number: str, sid: str) -> Answer:
        keys = _given("digits", str, "")
        if not keys or set(keys) - set("0123456789*#"):
            raise Unprocessable("digits are of 0-9, * and #")
        return jsonify(phone_call_json(carrier.voice.press(call_of(number, sid), keys)))


def _add_clock(pages: Blueprint, carrier: Carrier) -> None:
    @pages.get("/clock")
    def tell_time() -> Answer:
        return jsonify(_clock(carrier))

    @pages.post("/clock")
    def move_clock() -> Answer:
        """Move by {"advance": "PT4H"}, to {"to": RFC 3339}, or to the {"next": "09:00", "zone": …}; never back."""
        try:
            carrier.town.advance(_distance(_body(), carrier.town.now(), carrier.settings.zone))
        except ValueError as error:
            raise Unprocessable(str(error)) from error
        return jsonify(_clock(carrier))


def _add_faults(pages: Blueprint, carrier: Carrier) -> None:
    @pages.get("/faults")
    def show_faults() -> Answer:
        return jsonify(carrier.board.now.as_json())

    @pages.post("/faults")
    def set_faults() -> Answer:
        try:
            faults = carrier.board.set(_body())
        except ValueError as error:
            raise Unprocessable(str(error)) from error
        _touch_all(carrier)
        return jsonify(faults.as_json())

    @pages.delete("/faults")
    def clear_faults() -> Answer:
        carrier.board.clear()
        _touch_all(carrier)
        return jsonify(carrier.board.now.as_json())


def _add_numbers(pages: Blueprint, carrier: Carrier) -> None:
    @pages.get("/numbers")
    def list_numbers() -> Answer:
        rows = carrier.ledger.rows("SELECT number, sms_url, fallback AS sms_fallback_url FROM numbers ORDER BY number")
        return jsonify([dict(row) for row in rows])

    @pages.post("/numbers")
    def set_number() -> Answer:
        """Say where texts to one of the clinic's numbers are told, with an optional fallback."""
        number, url, fallback = (_given(name, str, "") for name in ("number", "sms_url", "sms_fallback_url"))
        if not is_number(number) or not is_web_address(url) or (fallback and not is_web_address(fallback)):
            raise Unprocessable("expected number, sms_url and perhaps sms_fallback_url")
        carrier.ledger.run("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?)", number, url, fallback)
        return jsonify(number=number, sms_url=url, sms_fallback_url=fallback)

    @pages.get("/alerts")
    def list_alerts() -> Answer:
        rows = carrier.ledger.rows("SELECT * FROM alerts ORDER BY id DESC LIMIT ?", _SHOWN_ALERTS)
        return jsonify([{**dict(row), "at": rfc3339(row["at"])} for row in rows])


def text_json(message: Message) -> dict[str, Any]:
    """Show a text as its handset sees it: "received" or "sent"."""
    sent = message.direction == "inbound"
    return {
        "sid": message.sid,
        "direction": "sent" if sent else "received",
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "media": message.media,
        "at": rfc3339(message.created_at),
        "status": message.status,
        "error_code": message.error_code,
        "note": message.note or DELIVERY_ERRORS.get(message.error_code or 0, ""),
    }


def phone_call_json(call: Call) -> dict[str, Any]:
    """Show a call as its handset hears it."""
    return {
        "sid": call.sid,
        "from": call.sender,
        "status": call.status,
        "heard": json.loads(call.heard),
        "waits_for_keys": bool(call.gather),
        "pressed": call.pressed,
        "at": rfc3339(call.created_at),
    }


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(carrier: Carrier, number: str) -> dict[str, Any]:
    thread, calls = carrier.ledger.thread(number, limit=1), _live_call(carrier, number)
    rows = carrier.ledger.rows("SELECT label FROM handsets WHERE number = ?", number)
    return {
        "number": number,
        "label": rows[0]["label"] if rows else "",
        "off": not carrier.voice.is_reachable(number),
        "last_text": text_json(thread[-1]) if thread else None,
        "call": calls,
    }


def _live_call(carrier: Carrier, number: str) -> dict[str, Any] | None:
    if not carrier.voice.is_reachable(number):
        return None
    over = ", ".join(f"'{status}'" for status in sorted(OVER | {"queued"}))
    calls = carrier.ledger.calls(f"recipient = ? AND status NOT IN ({over})", [number])
    return phone_call_json(calls[0]) if calls else None


def _changes(carrier: Carrier, after: int) -> dict[str, Any]:
    newest = carrier.ledger.rows("SELECT coalesce(max(changed), 0) AS version FROM handsets")[0]["version"]
    anew = after > newest
    rows = carrier.ledger.rows(
        "SELECT number, changed FROM handsets WHERE changed > ? ORDER BY changed DESC LIMIT ?",
        0 if anew else after,
        _SHOWN_PHONES,
    )
    phones = [{**_phone(carrier, row["number"]), "changed": row["changed"]} for row in rows]
    alerts = carrier.ledger.rows("SELECT count(*) AS count FROM alerts")[0]["count"]
    return {**_clock(carrier), "version": newest, "anew": anew, "phones": phones, "alerts": alerts}


def _phone(carrier: Carrier, number: str) -> dict[str, Any]:
    calls = carrier.ledger.calls("recipient = ?", [number], limit=10)
    return {
        **_summary(carrier, number),
        "thread": [text_json(message) for message in carrier.ledger.thread(number, limit=_SHOWN_TEXTS)],
        "calls": [phone_call_json(call) for call in calls[::-1] if call.status in OVER],
        "usual": carrier.texts.usual_number(number),
    }


def _received(received: Received) -> dict[str, Any]:
    last = received.answers[-1]
    return {
        **text_json(received.message),
        "message": text_json(received.message),
        "webhook": {"url": last.url, "status": last.status, "tries": last.tries, "error_code": last.code or None},
        "replies": [text_json(reply) for reply in received.replies],
    }


def _clock(carrier: Carrier) -> dict[str, Any]:
    return {"now": rfc3339(carrier.town.now().timestamp()), "ahead_seconds": carrier.town.offset().total_seconds()}


def _distance(given: dict[str, Any], now: datetime, zone: str) -> timedelta:
    """Return how far to go; ValueError says what is wrong."""
    readers: dict[str, Callable[[str], timedelta]] = {
        "advance": duration,
        "to": lambda text: _moment(text) - now,
        "next": lambda text: _next(text, str(given.get("zone") or zone), now) - now,
    }
    asked = [name for name in readers if name in given]
    if len(asked) != 1 or not isinstance(given[asked[0]], str):
        raise ValueError(f'expected one of "advance" ({FORM}), "to" (RFC 3339 with offset), "next" (HH:MM)')
    return readers[asked[0]](given[asked[0]])


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError("to is an RFC 3339 time with offset, such as 2026-11-24T09:00:00-05:00")
    return at


def _next(text: str, zone: str, now: datetime) -> datetime:
    """Return the next time that clocks in `zone` show `text`."""
    try:
        wanted, there = time.fromisoformat(text), now.astimezone(ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("next is HH:MM, with an IANA zone") from error
    day = there.date() if there.time() < wanted else there.date() + timedelta(days=1)
    return datetime.combine(day, wanted.replace(tzinfo=None), there.tzinfo)


def _body() -> dict[str, Any]:
    given = request.get_json(force=True, silent=True)
    if not isinstance(given, dict):
        raise Unprocessable("expected a JSON object")
    return given


def _given(name: str, kind: type[Kind], usual: Kind) -> Kind:
    value = _body().get(name, usual)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Unprocessable(f"{name} is a {'number' if kind is int else 'text'}")
    return value


def _touch_all(carrier: Carrier) -> None:
    carrier.ledger.run("UPDATE handsets SET changed = changed + (SELECT max(changed) FROM handsets)")


def _refuse_other_sites() -> Answer | None:
    """Keep pages of other sites, open in the same browser, from playing with the phones."""
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return jsonify(error="only the sandbox's own page may do that"), 403
    return None


def _say_unprocessable(error: Unprocessable) -> Answer:
    return jsonify(error=str(error)), 422


def _say_no_call(error: CallNotThere) -> Answer:
    return jsonify(error=str(error)), 409
