"""What a customer may ask of the Messages and Calls resources: forms read into orders, or refused with Twilio's codes.

Every E.164 or short-code From counts as the account's own, as if it had been bought already: the sandbox has no shop
for numbers. Only the magic numbers of Twilio's test credentials are refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

from backend.sandbox.codes import MAGIC_CALLEES, MAGIC_CALLERS, MAGIC_RECIPIENTS, MAGIC_SENDERS, Refused

MAX_BODY = 1600
MAX_MEDIA = 10
MAX_VALIDITY = 36_000
SOONEST, LATEST = timedelta(seconds=300), timedelta(days=35)
CALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
DEFAULT_RING = 60

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,6}", re.ASCII)
_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]@]+")

Form = MultiDict[str, str]


@dataclass(frozen=True, kw_only=True)
class TextOrder:
    """A text to be sent."""

    sender: str
    recipient: str
    body: str
    media: int = 0
    status_callback: str = ""
    service_sid: str | None = None
    send_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CallOrder:
    """A call to be made. `rings` is in seconds."""

    sender: str
    recipient: str
    url: str = ""
    twiml: str = ""
    fallback: str = ""
    status_callback: str = ""
    wanted: frozenset[str] = frozenset({"completed"})
    rings: int = DEFAULT_RING


def is_number(text: str) -> bool:
    return bool(_E164.fullmatch(text))


def is_web_address(text: str) -> bool:
    """Tell whether Twilio would take it as a callback: http(s), with a hostname without underscores."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.netloc)) and parts.hostname is not None
    except ValueError:
        return False


def text_order(form: Form, now: datetime, default_number: str) -> TextOrder:
    """Read a POST to Messages; raises Refused."""
    recipient = _required(form, "To", 21604)
    service = form.get("MessagingServiceSid") or None
    sender = form.get("From", "") or (default_number if service else "")
    _refuse_if(not sender, 21603)
    order = TextOrder(
        sender=sender,
        recipient=recipient,
        body=form.get("Body", ""),
        media=len(form.getlist("MediaUrl")),
        status_callback=form.get("StatusCallback", ""),
        service_sid=service,
        send_at=_send_at(form, now),
    )
    _check_content(order)
    _check_numbers(order)
    _check_terms(form, order)
    return order


def _check_content(order: TextOrder) -> None:
    _refuse_if(not order.body and not order.media, 21602)
    _refuse_if(len(order.body) > MAX_BODY, 21617)
    _refuse_if(order.media > MAX_MEDIA, 21623)


def _check_numbers(order: TextOrder) -> None:
    _refuse_if(not _SENDER.fullmatch(order.sender), 21212)
    _refuse_magic(order.sender, MAGIC_SENDERS)
    _refuse_if(not is_number(order.recipient) or order.recipient == order.sender, 21211)
    _refuse_magic(order.recipient, MAGIC_RECIPIENTS)


def _check_terms(form: Form, order: TextOrder) -> None:
    _refuse_if(bool(order.status_callback) and not is_web_address(order.status_callback), 21609)
    validity = form.get("ValidityPeriod", "")
    _refuse_if(bool(validity) and not _is_whole(validity, 1, MAX_VALIDITY), 90007)
    _refuse_if(bool(order.service_sid) and not _SERVICE.fullmatch(order.service_sid or ""), 20001)


def _send_at(form: Form, now: datetime) -> datetime | None:
    if form.get("ScheduleType") != "fixed":
        return None
    _refuse_if(not form.get("MessagingServiceSid"), 35118)
    text = _required(form, "SendAt", 35111)
    try:
        send_at = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Refused(35114) from None
    _refuse_if(not SOONEST <= send_at - now <= LATEST, 35114)
    return send_at


def call_order(form: Form) -> CallOrder:
    """Read a POST to Calls; raises Refused. The sandbox fetches TwiML by POST only."""
    order = CallOrder(
        recipient=_required(form, "To", 21201),
        sender=_required(form, "From", 21213),
        url=form.get("Url", ""),
        twiml=form.get("Twiml", ""),
        fallback=form.get("FallbackUrl", ""),
        status_callback=form.get("StatusCallback", ""),
        wanted=frozenset(form.getlist("StatusCallbackEvent")) or frozenset({"completed"}),
        rings=_rings(form.get("Timeout", "")),
    )
    _refuse_if(not _SENDER.fullmatch(order.sender), 21212)
    _refuse_magic(order.sender, MAGIC_CALLERS)
    _refuse_if(not is_number(order.recipient) or order.recipient == order.sender, 21211)
    _refuse_magic(order.recipient, MAGIC_CALLEES)
    _refuse_if(not order.twiml and not is_web_address(order.url), 21205)
    _refuse_if(any(url and not is_web_address(url) for url in (order.fallback, order.status_callback)), 21609)
    _refuse_if(form.get("Method", "POST").upper() != "POST" or not order.wanted <= CALL_EVENTS, 20001)
    return order


def _rings(text: str) -> int:
    _refuse_if(bool(text) and not _is_whole(text, 1, 600), 20001)
    return int(text or DEFAULT_RING)


def _required(form: Form, name: str, code: int) -> str:
    value = form.get(name, "").strip()
    _refuse_if(not value, code)
    return value


def _refuse_magic(number: str, table: dict[str, int]) -> None:
    if number in table:
        raise Refused(table[number])


def _refuse_if(wrong: bool, code: int) -> None:  # noqa: FBT001 - reads as the sentence that it is
    if wrong:
        raise Refused(code)


def _is_whole(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < len(str(most)) + 1 and least <= int(text) <= most
