"""Faults on demand: what the carrier does wrong next, set by POST /faults, played between the wire and the carrier."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from select import select
from socket import SHUT_RDWR
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from backend.sandbox.codes import REFUSALS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KINDS = ("timeout_before", "timeout_after", "500", "500_accepted", "429", "502", "cut_json", "reset")
AFTER = frozenset({"timeout_after", "500_accepted", "cut_json", "reset"})
CALLBACKS = ("normal", "lost", "duplicate")
HANG = 30.0  # seconds after which a hung call is cut, should the client wait that long
_MOST = 100_000


class NoAnswer(Exception):  # noqa: N818 - what the caller meets
    """In-process: the answer never comes (the adapter makes it a read timeout)."""


class ConnectionCut(Exception):  # noqa: N818 - what the caller meets
    """In-process: the connection is cut before an answer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of failure for the next `times` creating calls, or for any API call with `on="any"`."""

    do: str
    times: int = 1
    on: str = "create"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """All faults that are set; the empty value is a faultless carrier."""

    latency_ms: int = 0
    next: tuple[Fault, ...] = ()
    callbacks: str = "normal"
    handsets_off: frozenset[str] = field(default_factory=frozenset)

    def as_json(self) -> dict[str, Any]:
        return {
            "latency_ms": self.latency_ms,
            "next": [{"do": fault.do, "times": fault.times, "on": fault.on} for fault in self.next],
            "callbacks": self.callbacks,
            "handsets_off": sorted(self.handsets_off),
        }


def read_faults(given: object) -> dict[str, Any]:
    """Check a JSON object of faults; ValueError says what is wrong. Only what is given is returned."""
    if not isinstance(given, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - one kind of error for one kind of answer
    unknown = sorted(set(given) - set(_READERS))
    if unknown:
        raise ValueError(f"unknown: {', '.join(map(str, unknown))}; known: {', '.join(_READERS)}")
    return {name: _READERS[name](value) for name, value in given.items()}


def _latency(value: object) -> int:
    return _whole(value, "latency_ms", 60_000)


def _whole(value: object, name: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} is a whole number from 0 to {most}")
    return value


def _next(value: object) -> tuple[Fault, ...]:
    if not isinstance(value, list):
        raise ValueError("next is a list of {do, times}")  # noqa: TRY004 - as above
    return tuple(_fault(item) for item in value)


def _fault(item: object) -> Fault:
    if not isinstance(item, dict) or set(item) - {"do", "times", "on"} or item.get("do") not in KINDS:
        raise ValueError(f"each of next is {{do, times, on}} with do one of {', '.join(KINDS)}")
    if item.get("on", "create") not in ("create", "any"):
        raise ValueError("on is create or any")
    return Fault(do=item["do"], times=_whole(item.get("times", 1), "times", _MOST), on=item.get("on", "create"))


def _callbacks(value: object) -> str:
    if not isinstance(value, str) or value not in CALLBACKS:
        raise ValueError(f"callbacks is one of {', '.join(CALLBACKS)}")
    return value


def _numbers(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(number, str) for number in value):
        raise ValueError("handsets_off is a list of numbers")
    return frozenset(value)


_READERS: dict[str, Callable[[object], Any]] = {
    "latency_ms": _latency,
    "next": _next,
    "callbacks": _callbacks,
    "handsets_off": _numbers,
}


class FaultBoard:
    """The faults that are set now, shared by all threads of the sandbox."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults = Faults()

    @property
    def now(self) -> Faults:
        return self._faults

    def set(self, given: object) -> Faults:
        """Set what `given` names and leave the rest; ValueError as read_faults."""
        changes = read_faults(given)
        with self._lock:
            self._faults = Faults(**{**vars(self._faults), **changes})
            return self._faults

    def clear(self) -> None:
        with self._lock:
            self._faults = Faults()

    def take(self, *, creating: bool) -> str | None:
        """Use up one of the next faults that applies to this call."""
        with self._lock:
            queue = [fault for fault in self._faults.next if fault.times]
            found = next((fault for fault in queue if creating or fault.on == "any"), None)
            if found:
                queue[queue.index(found)] = Fault(do=found.do, times=found.times - 1, on=found.on)
            self._faults = Faults(**{**vars(self._faults), "next": tuple(fault for fault in queue if fault.times)})
        return found.do if found else None


class FaultyWire:
    """WSGI middleware around the carrier: only API calls suffer, the page and its controls stay sound."""

    def __init__(self, app: "WSGIApplication", board: FaultBoard) -> None:
        self._app = app
        self._board = board

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/2010-04-01/"):
            return self._app(environ, start_response)
        sleep(self._board.now.latency_ms / 1000)
        fault = self._board.take(creating=environ["REQUEST_METHOD"] == "POST")
        if fault is None:
            return self._app(environ, start_response)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        body = self._carry_out(environ) if fault in AFTER else b""
        return _broken(fault, environ, body)(environ, start_response)

    def _carry_out(self, environ: "WSGIEnvironment") -> bytes:
        return b"".join(run_wsgi_app(self._app, environ, buffered=True)[0])


def _broken(fault: str, environ: "WSGIEnvironment", body: bytes) -> Response:
    if fault.startswith("timeout"):
        return _hang(environ)
    if fault == "reset":
        return _cut(environ)
    if fault == "502":
        return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, mimetype="text/html")
    if fault == "cut_json":
        return Response(body[: len(body) // 2], 201, mimetype="application/json")
    return _error(20429 if fault == "429" else 20500)


def _error(code: Literal[20429, 20500]) -> Response:
    status, message = REFUSALS[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    told = {"code": code, "message": message, "more_info": more, "status": status}
    return Response(json.dumps(told), status, mimetype="application/json")


def _hang(environ: "WSGIEnvironment") -> Response:
    """Keep the caller waiting until it gives up, then let the connection go."""
    connection = environ.get("werkzeug.socket")
    if connection is None:
        raise NoAnswer
    end = monotonic() + HANG
    while monotonic() < end and not select([connection], [], [], 0.1)[0]:
        continue
    return _cut(environ)


def _cut(environ: "WSGIEnvironment") -> Response:
    connection = environ.get("werkzeug.socket")
    if connection is None:
        raise ConnectionCut
    with suppress(OSError):
        connection.shutdown(SHUT_RDWR)
    raise ConnectionAbortedError("cut on purpose")
