"""The gateway over the real Twilio client: the one door through which anything leaves the house."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from backend.messaging.carrier_codes import Class, class_of, class_of_answer
from backend.messaging.gateway import Blocked, MaybeSent, NotSent, Receipt, Received, Sms

TIMEOUT_SECONDS = 5.0
MOST_LISTED = 200
MOST_READ, PAGE = 20_000, 1000  # of some days' texts, when they are gone through once a day

# At INFO this logger prints the numbers that are asked for.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class TwilioGateway:
    """One Twilio client per thread (the client keeps its last answer on itself), never retrying by itself."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        status_url: Callable[[str], str],
        adapter: BaseAdapter | None = None,
    ) -> None:
        """`status_url` makes the status callback URL of a reference; `adapter` carries requests in tests."""
        self._credentials = (account_sid, auth_token)
        self._api_url = api_url.rstrip("/")
        self._status_url = status_url
        self._adapter = adapter
        self._of_thread = threading.local()

    def send(self, sms: Sms) -> Receipt:
        try:
            message = self._client().messages.create(
                to=sms.to,
                from_=sms.sender,
                body=sms.body,
                status_callback=self._status_url(sms.reference),
                validity_period=int(sms.validity.total_seconds()),
            )
        except TwilioRestException as error:
            raise _refused(error) from None
        except (TwilioException, requests.RequestException, ValueError) as error:
            raise MaybeSent(type(error).__name__) from None
        if not message.sid:  # a 201 with an empty body
            raise MaybeSent("no sid")
        return _receipt(message)

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        listed = self._list(to=to)
        # Twilio keeps whole seconds, and an asked-for time must not miss the second it falls into.
        earliest = since.astimezone(UTC) - timedelta(seconds=2)
        for message in listed:
            if message.body == body and _is_outbound(message) and _made_at(message) >= earliest:
                return _receipt(message)
        return None

    def received_since(self, *, to: str, since: datetime) -> list[Received]:
        earliest = since.astimezone(UTC)
        listed = self._list(to=to, date_sent_after=earliest - timedelta(days=1))
        return [_received(m) for m in listed if m.direction == "inbound" and _made_at(m) >= earliest]

    def blocked_since(self, *, sender: str, since: datetime) -> list[Blocked]:
        # Back from the newest: a text that never left has no date to ask for.
        earliest, found = since.astimezone(UTC), list[Blocked]()
        try:
            for message in self._client().messages.stream(from_=sender, limit=MOST_READ, page_size=PAGE):
                if (made_at := _made_at(message)) < earliest:
                    break
                if _is_outbound(message) and _is_blocked(message):
                    found.append(Blocked(message.sid, message.to or "", made_at))
        except (TwilioException, requests.RequestException, ValueError) as error:
            raise MaybeSent(type(error).__name__) from None
        return found

    def _list(self, **query: Any) -> list[Any]:
        try:
            listed: list[Any] = self._client().messages.list(limit=MOST_LISTED, **query)
        except (TwilioException, requests.RequestException, ValueError) as error:
            raise MaybeSent(type(error).__name__) from None
        return listed

    def _client(self) -> Any:
        client = getattr(self._of_thread, "client", None)
        if client is None:
            client = self._of_thread.client = self._new_client()
        return client

    def _new_client(self) -> Any:
        http = _OneHostClient(self._api_url)
        if self._adapter is not None:
            http.session.mount(self._api_url, self._adapter)
        client = Client(*self._credentials, http_client=http, environment={})
        client.api.base_url = self._api_url
        return client


class _OneHostClient(TwilioHttpClient):  # type: ignore[misc] # the client ships no types
    """Talks to the configured host and to no other, and remembers no request (it would hold bodies and the token)."""

    def __init__(self, api_url: str) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS, max_retries=None)
        parts = urlsplit(api_url)
        self._host = parts.netloc
        self.session.trust_env = parts.hostname not in {"127.0.0.1", "localhost"}  # no proxy to this very machine

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if urlsplit(url).netloc != self._host:
            raise requests.exceptions.InvalidURL("not the configured carrier")
        try:
            return super().request(method, url, *args, **kwargs)
        finally:
            self._test_only_last_request = None


def _refused(error: TwilioRestException) -> NotSent | MaybeSent:
    code = error.code if isinstance(error.code, int) else None
    kind = class_of_answer(error.status, code)
    if kind is Class.AMBIGUOUS:
        return MaybeSent(f"HTTP {error.status}")
    return NotSent(code, kind.value, transient=kind in (Class.RETRY, Class.CONFIGURATION))


def _receipt(message: Any) -> Receipt:
    code = message.error_code
    return Receipt(message.sid, str(message.status), int(code) if code else None)


def _is_outbound(message: Any) -> bool:
    return str(message.direction).startswith("outbound")


def _is_blocked(message: Any) -> bool:
    return bool(message.error_code) and class_of(int(message.error_code)) is Class.OPTED_OUT


def _made_at(message: Any) -> datetime:
    made_at: datetime = message.date_created
    return made_at.astimezone(UTC)


def _received(message: Any) -> Received:
    return Received(
        message_sid=message.sid,
        sender=message.from_ or "",
        to=message.to or "",
        body=message.body or "",
        media_count=int(message.num_media or 0),
        at=_made_at(message),
    )
