"""The sandbox as its own process: real sockets, threads, signals, and a browser on its page."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from playwright.sync_api import Browser, Page, expect
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from werkzeug.serving import make_server

from backend.sandbox.account import ACCOUNT_SID, AUTH_TOKEN
from tests.sandbox.conftest import ANA, CLINIC, NOOR

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Town:
    """A running sandbox beside a running product that thanks for every text."""

    url: str
    product_url: str
    client: Client
    seen: list[dict[str, str]]

    def states(self) -> list[str]:
        return [params["MessageStatus"] for params in self.seen if "MessageStatus" in params]

    def send(self, body: str, to: str = ANA) -> Any:
        return self.client.messages.create(
            to=to, from_=CLINIC, body=body, status_callback=f"{self.product_url}/twilio/status/1"
        )

    def faults(self, **given: object) -> None:
        requests.post(f"{self.url}/faults", json=given, timeout=5).raise_for_status()


def eventually(check: Callable[[], bool], seconds: float = 5) -> None:
    end = monotonic() + seconds
    while not check():
        assert monotonic() < end, "it did not happen in time"
        sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def product() -> Iterator[tuple[str, list[dict[str, str]]]]:
    app, seen = Flask("product"), list[dict[str, str]]()

    @app.post("/twilio/<path:rest>")
    def take(rest: str) -> Response:
        right = RequestValidator(AUTH_TOKEN).validate(
            request.url, request.form.to_dict(), request.headers["X-Twilio-Signature"]
        )
        seen.append({**request.form.to_dict(), "right": str(right)})
        answer = "<Response><Message>Thank you</Message></Response>" if rest == "inbound" else "<Response/>"
        return Response(answer, mimetype="text/xml")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def sandbox(room: Path, product_url: str, port: int) -> Iterator[Popen[bytes]]:
    environ = {**os.environ, "VAR_DIR": str(room), "PUBLIC_URL": product_url, "SANDBOX_PORT": str(port)}
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SANDBOX_NUMBER", "HOST", "SANDBOX_ZONE"):
        environ.pop(name, None)
    process = Popen([sys.executable, "-m", "backend.sandbox"], cwd=ROOT, env=environ)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/clock"), seconds=20)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    port = free_port()
    with product() as (url, seen), sandbox(tmp_path_factory.mktemp("var"), url, port):
        client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=TwilioHttpClient(timeout=2), environment={})
        client.api.base_url = f"http://127.0.0.1:{port}"
        yield Town(f"http://127.0.0.1:{port}", url, client, seen)


@pytest.fixture(autouse=True)
def sound(town: Town) -> None:
    requests.delete(f"{town.url}/faults", timeout=5).raise_for_status()
    town.seen.clear()


def test_it_delivers_by_itself_within_a_second(town: Town) -> None:
    started = monotonic()
    sid = town.send("How are you?").sid
    eventually(lambda: town.states() == ["sent", "delivered"])
    assert monotonic() - started < 2
    assert town.client.messages(sid).fetch().status == "delivered"
    assert {params["right"] for params in town.seen} == {"True"}


def test_it_carries_a_text_to_the_product_and_its_answer_back(town: Town) -> None:
    told = requests.post(f"{town.url}/handsets/{NOOR}/texts", json={"body": "ACK 12"}, timeout=10).json()
    assert told["webhook"]["status"] == 200
    assert (town.seen[0]["Body"], town.seen[0]["From"], town.seen[0]["right"]) == ("ACK 12", NOOR, "True")

    def got() -> list[str]:
        return [text["body"] for text in requests.get(f"{town.url}/handsets/{NOOR}/texts", timeout=5).json()["texts"]]

    eventually(lambda: got() == ["Thank you"])


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("timeout_before", requests.ReadTimeout),
        ("timeout_after", requests.ReadTimeout),
        ("reset", requests.ConnectionError),
        ("502", TwilioRestException),
    ],
)
def test_it_fails_on_the_wire(town: Town, do: str, error: type[Exception]) -> None:
    town.faults(next=[{"do": do}])
    with pytest.raises(error):
        town.send(f"fails by {do}")
    accepted = any(message.body == f"fails by {do}" for message in town.client.messages.list(to=ANA))
    assert accepted == (do in ("timeout_after", "reset"))


def test_it_does_what_waits_when_the_clock_is_moved(town: Town) -> None:
    call = town.client.calls.create(to=NOOR, from_=CLINIC, url=f"{town.product_url}/twilio/voice/1", timeout=600)
    eventually(lambda: town.client.calls(call.sid).fetch().status == "ringing")
    requests.post(f"{town.url}/clock", json={"advance": "PT11M"}, timeout=5).raise_for_status()
    eventually(lambda: town.client.calls(call.sid).fetch().status == "no-answer")


def test_it_keeps_its_town_over_a_restart(tmp_path: Path) -> None:
    port, nobody = free_port(), "http://127.0.0.1:9"
    url = f"http://127.0.0.1:{port}"
    with sandbox(tmp_path, nobody, port):
        told = requests.post(f"{url}/handsets/{ANA}/texts", json={"body": "STOP"}, timeout=20).json()
        assert told["webhook"]["error_code"] == 11205
        requests.post(f"{url}/clock", json={"advance": "P1D"}, timeout=5).raise_for_status()
    with sandbox(tmp_path, nobody, port):
        client = Client(ACCOUNT_SID, AUTH_TOKEN, environment={})
        client.api.base_url = url
        assert [message.body for message in client.messages.list(from_=ANA)] == ["STOP"]
        with pytest.raises(TwilioRestException) as refused:
            client.messages.create(to=ANA, from_=CLINIC, body="x")
        assert refused.value.code == 21610
        assert requests.get(f"{url}/clock", timeout=5).json()["ahead_seconds"] == 86_400
        assert [alert["code"] for alert in requests.get(f"{url}/alerts", timeout=5).json()] == [11205]


@pytest.fixture
def page(town: Town, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    wrongs: list[str] = []
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on("console", lambda line: wrongs.append(line.text) if line.type == "error" else None)
    page.goto(town.url)
    yield page
    assert wrongs == []
    page.close()


@pytest.mark.browser
def test_it_is_lived_in_from_the_page(town: Town, page: Page) -> None:
    requests.post(f"{town.url}/handsets/+15555550161", json={"label": "Ben (patient)"}, timeout=5)
    phone = page.locator(".phone", has_text="Ben (patient)")
    town.send("How is your pain, 0 to 10?", to="+15555550161")
    expect(phone.locator(".bubble.received")).to_have_text("How is your pain, 0 to 10?")
    expect(phone.locator(".badge.new")).to_be_visible()
    phone.get_by_placeholder("Text message").fill("7 <b>ouch</b>")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator(".bubble.sent")).to_have_text("7 <b>ouch</b>")
    expect(phone.locator(".bubble.received")).to_have_text(["How is your pain, 0 to 10?", "Thank you"])
    expect(phone.locator(".badge.new")).to_be_hidden()
    assert "7 <b>ouch</b>" in [params.get("Body") for params in town.seen]


@pytest.mark.browser
def test_its_phones_ring(town: Town, page: Page) -> None:
    twiml = "<Response><Gather numDigits='1' timeout='60'><Say>Press 1.</Say></Gather></Response>"
    call = town.client.calls.create(to="+15555550162", from_=CLINIC, twiml=twiml)
    phone = page.locator(".phone", has_text="+1 555 555 0162")
    phone.get_by_role("button", name="Answer").click()
    expect(phone.locator(".heard")).to_have_text("Press 1.")
    phone.get_by_role("button", name="Hang up").click()
    expect(phone.locator(".event", has_text="Call ended")).to_be_visible()
    assert town.client.calls(call.sid).fetch().status == "completed"


@pytest.mark.browser
def test_its_clock_moves_and_phones_are_added(town: Town, page: Page) -> None:
    before = requests.get(f"{town.url}/clock", timeout=5).json()["ahead_seconds"]
    page.get_by_role("button", name="+4 h").click()
    eventually(lambda: requests.get(f"{town.url}/clock", timeout=5).json()["ahead_seconds"] == before + 4 * 3600)
    page.get_by_label("Zone").select_option("America/Denver")
    page.get_by_role("button", name="Next 9:00").click()
    expect(page.locator("#clock-time")).to_have_text("9:00 AM")
    page.get_by_text("Add a phone").click()
    page.get_by_label("Number").fill("(555) 555-0163")
    page.get_by_role("textbox", name="Name").fill("Cass")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".phone", has_text="Cass").locator(".number")).to_have_text("+1 555 555 0163")
