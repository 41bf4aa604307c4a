"""How many texts a second the webhook takes, and how long the slowest wait, beside the least a webhook can do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from statistics import median
from subprocess import Popen
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from benchmarks import bare_inbound
from benchmarks.load import Measured, fire
from benchmarks.place import CLINIC_NUMBER, Place, enrol, on_postgres, on_sqlite
from benchmarks.processes import free_port, web
from benchmarks.table import Line, at_least
from config.settings import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

AIM = 0.5
PATIENTS = 3000  # as in life, nobody writes twice before being asked again
# As patients write: mostly numbers, some words that are no answer, now and then something that opens a case.
BODIES = (
    "7", "mood 7 pain 3", "6 4", "8", "mood 5, pain 6", "seven", "thanks, doing ok", "Mood: 8 pain: 2", "5 and 5",
    "good", "6", "mood 4 pain 4 a bit tired today", "7 2", "no side effects", "pain 9 and it keeps getting worse",
)  # fmt: skip


def measure(*, quick: bool) -> Iterator[Line]:
    """One line for throughput and one for the slowest answers, on each database."""
    for database in (on_sqlite, on_postgres):
        with database() as place:
            if place is None:
                yield Line("inbound", "PostgreSQL: could not be started here", "not measured")
            else:
                yield from _lines(place.database, _rounds(place, quick=quick))


def _lines(database: str, rounds: Sequence[tuple[Measured, Measured]]) -> Iterator[Line]:
    ours, bare = [one for one, _ in rounds], [other for _, other in rounds]
    ratio = median(one.rate / other.rate for one, other in rounds)
    rates = (f"{median(m.rate for m in each):.0f}/s" for each in (ours, bare))
    yield Line("inbound", f"{database}, 8 connections: texts a second", *rates, **at_least(ratio, AIM))
    slow = [median(m.p99 for m in each) * 1000 for each in (ours, bare)]
    yield Line(
        "inbound", f"{database}: 99 of 100 within", f"{slow[0]:.0f} ms", f"{slow[1]:.0f} ms", f"{slow[0] / slow[1]:.2f}"
    )


def _rounds(place: Place, *, quick: bool) -> list[tuple[Measured, Measured]]:
    """Ours and bare in turn on one database, so that a slow minute of the machine slows both."""
    many, times = (40, 1) if quick else (500, 5)
    with both_servers(place) as (ours, bare):
        for one in (ours, bare):
            one.fire(many // 2)
        return [(ours.fire(many), bare.fire(many)) for _ in range(times)]


class Server:
    """A webhook that can be fired at."""

    def __init__(self, place: Place, port: int, path: str, numbers: Sequence[str]) -> None:
        self._place, self._port, self._path, self._numbers = place, port, path, numbers
        self._sent = 0

    def fire(self, many: int) -> Measured:
        first, self._sent = self._sent, self._sent + many
        return fire(
            self._place.folder / "plan.json", self._port, [self._request(n) for n in range(first, first + many)]
        )

    def _request(self, number: int) -> bytes:
        """One signed text; every patient writes in turn."""
        form = _form(self._numbers[number % len(self._numbers)], BODIES[number % len(BODIES)])
        signature = RequestValidator(SANDBOX_AUTH_TOKEN).compute_signature(
            f"http://127.0.0.1:{self._port}{self._path}", form
        )
        body = urlencode(form)
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode("ascii")


def _form(number: str, body: str) -> dict[str, str]:
    """What Twilio posts for a text."""
    sid = f"SM{token_hex(16)}"
    return {
        "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
        "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": body, "FromCountry": "US",
        "To": CLINIC_NUMBER, "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": SANDBOX_ACCOUNT_SID,
        "From": number, "ApiVersion": "2010-04-01",
    }  # fmt: skip


@contextmanager
def our_server(place: Place) -> Iterator[tuple[Server, Popen[bytes]]]:
    """The product's web process with patients who were asked an hour ago; and the process itself."""
    numbers = enrol(place, PATIENTS, due_at=datetime.now(UTC) - timedelta(hours=1), prompted=True)
    with web("backend.app:create_app()", place.port, place.environment) as process:
        yield Server(place, place.port, "/twilio/inbound", numbers), process


@contextmanager
def both_servers(place: Place) -> Iterator[tuple[Server, Server]]:
    """The product's web process and the bare one, on one database."""
    bare_inbound.create_tables(place.app())
    port = free_port()
    environment = place.environment | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with our_server(place) as (ours, _), web("benchmarks.bare_inbound:create_app()", port, environment):
        yield ours, Server(place, port, bare_inbound.PATH, ["+15555550120"])
