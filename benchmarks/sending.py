"""How fast due check-ins leave through a carrier that takes 50 ms a text, beside the bare Twilio client."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import local
from zoneinfo import ZoneInfo

import requests
from flask import Flask
from sqlalchemy import func, select
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from backend.sandbox.town import TownClock
from backend.store.audit import Heartbeat
from backend.store.database import db
from backend.store.texts import OutboundMessage
from benchmarks.place import CLINIC_NUMBER, ZONE, Place, enrol, on_sqlite
from benchmarks.processes import clock, sandbox, until
from benchmarks.table import Line, at_least
from config.settings import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from jobs.ticks import SENDERS

AIM = 0.8
LATENCY_MS = 50
BODY = "Harbor Clinic check-in: How is your mood today? Reply with a number, 0 (worst) to 10 (best)."


def measure(*, quick: bool) -> Iterator[Line]:
    """Check-ins a second, from the moment they fall due until the carrier has the last."""
    many = 60 if quick else 2000
    with on_sqlite() as place, sandbox(place.sandbox_port, place.environment):
        carrier = f"http://127.0.0.1:{place.sandbox_port}"
        numbers = enrol(place, many, due_at=_next_noon(), prompted=False)
        faults = {"latency_ms": LATENCY_MS, "callbacks": "lost"}  # no web process is here to take reports
        requests.post(f"{carrier}/faults", json=faults, timeout=10).raise_for_status()
        bare = many / _bare_seconds(carrier, numbers)
        ours = many / _our_seconds(place, many)
    what = f"{many} due check-ins a second, {LATENCY_MS} ms carrier, {SENDERS} threads"
    yield Line("sending", what, f"{ours:.0f}/s", f"{bare:.0f}/s", **at_least(ours / bare, AIM))


def _next_noon() -> datetime:
    """An hour at which patients may be asked."""
    here = datetime.now(UTC).astimezone(ZoneInfo(ZONE))
    return (here + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0).astimezone(UTC)


def _bare_seconds(carrier: str, numbers: list[str]) -> float:
    """The same requests, by the same client, from as many threads, with nothing remembered."""
    of_thread = local()

    def send(number: str) -> None:
        if not hasattr(of_thread, "client"):
            of_thread.client = _client(carrier)
        of_thread.client.messages.create(
            to=number,
            from_=CLINIC_NUMBER,
            body=BODY,
            status_callback=f"http://127.0.0.1/twilio/status/{'0' * 32}-{'0' * 32}",
            validity_period=7200,
        )

    with ThreadPoolExecutor(SENDERS) as pool:
        started = time.perf_counter()
        for _ in pool.map(send, numbers):
            pass
        return time.perf_counter() - started


def _client(carrier: str) -> Client:
    http = TwilioHttpClient(timeout=5)
    http.session.trust_env = False
    client = Client(SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN, http_client=http, environment={})
    client.api.base_url = carrier
    return client


def _our_seconds(place: Place, many: int) -> float:
    """The clock process as it is deployed: the town's time jumps to noon, and everything is due at once."""
    app = place.app()
    town = TownClock(place.folder / "town-clock.json")
    with clock(place.environment) as process:
        until(lambda: _beats(app), process)
        started = time.perf_counter()
        town.advance(_next_noon() + timedelta(seconds=1) - town.now())
        until(lambda: _sent(app) == many, process, within=180)
        return time.perf_counter() - started


def _beats(app: Flask) -> bool:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Heartbeat)) != 0


def _sent(app: Flask) -> int:
    with app.app_context():
        sent = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.sent_at.is_not(None))
        return db.session.scalar(sent) or 0
