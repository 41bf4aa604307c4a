"""The README's story as a new user lives it: `aftercare run`, the console and the handsets in a real Chromium."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from backend.cli.operations import DEMO_PASSWORD

ROOT = Path(__file__).parents[2]
ANA = "+14155550142"
NOOR = "+15555550111"
STARTS_WITHIN = 90.0
# Set to a folder to keep the pictures of every scene.
PICTURES = os.environ.get("AFTERCARE_PICTURES")


@dataclass
class Running:
    """The product and the sandbox, as `make run` starts them."""

    console: str
    handsets: str
    printed: Path

    def text(self, number: str, body: str) -> None:
        requests.post(f"{self.handsets}/handsets/{number}/texts", json={"body": body}, timeout=10).raise_for_status()

    def received(self, number: str) -> list[str]:
        listed = requests.get(f"{self.handsets}/handsets/{number}/texts", timeout=10).json()["texts"]
        return [text["body"] for text in listed]

    def move(self, **to: str) -> None:
        requests.post(f"{self.handsets}/clock", json=to, timeout=10).raise_for_status()

    def wait_for(self, number: str, words: str, seconds: float = 20.0) -> str:
        """The first text with these words on the handset."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [body for body in self.received(number) if words in body]
            if found:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"{words!r} never came; there is {self.received(number)}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CARRIER", "PUBLIC_URL")}
    printed = tmp_path / "printed.txt"
    with printed.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-c", "from backend.cli import main; main()", "run"],
            cwd=ROOT,
            env=clean | ports | {"VAR_DIR": str(tmp_path / "var"), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while b"Aftercare is running" not in printed.read_bytes():
            assert started.poll() is None, printed.read_text()
            assert time.monotonic() < deadline, printed.read_text()
            time.sleep(0.2)
        yield Running(f"http://127.0.0.1:{ports['PORT']}", f"http://127.0.0.1:{ports['SANDBOX_PORT']}", printed)
        os.killpg(started.pid, signal.SIGINT)  # what Ctrl-C does
        assert started.wait(timeout=30) is not None
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def sign_in(page: Page, running: Running) -> None:
    page.goto(running.console)
    page.get_by_label("E-mail").fill("noor@demo.example")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#queue")).to_be_visible()


def enrol_ana(page: Page, running: Running) -> None:
    page.goto(f"{running.console}/patients/new")
    page.get_by_label("Given name").fill("Ana")
    page.get_by_label("Family name").fill("Reyes")
    page.get_by_label("Mobile number").fill(ANA)
    page.locator("[name='timezone']").select_option("America/New_York")
    page.locator("[name='consent.method']").select_option("written")
    page.locator("[name='consent.evidence']").fill("form 12, in the chart")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("heading", name="Ana Reyes")).to_be_visible()


def record_a_treatment(page: Page) -> None:
    page.get_by_role("button", name="Record a treatment").first.click()
    page.get_by_label("Went home with somebody").check()
    page.get_by_role("button", name="Record and plan").click()
    expect(page.get_by_text("84").first).to_be_visible()
    picture(page, "plan")


@pytest.mark.browser
def test_a_new_user_lives_the_story(running: Running, page: Page) -> None:
    assert "noor@demo.example" in running.printed.read_text()
    running.move(next="09:00", zone="America/New_York")

    sign_in(page, running)
    picture(page, "queue-at-first")
    enrol_ana(page, running)
    running.wait_for(ANA, "automated check-ins")
    record_a_treatment(page)

    running.move(advance="PT4H")
    running.wait_for(ANA, "home safe?")
    running.text(ANA, "1")
    running.move(next="10:01", zone="America/New_York")
    running.wait_for(ANA, "How is your mood today?")
    running.text(ANA, "mood 3 pain 8")
    running.wait_for(ANA, "Our team will follow up")

    running.text(ANA, "I don't want to be here anymore")
    running.wait_for(ANA, "Call or text 988 now")
    page.goto(running.console)
    page_text = running.wait_for(NOOR, "ASAP case")
    number = page_text.partition("ACK ")[2].split()[0]
    expect(page.locator("#queue")).to_contain_text("Ana Reyes")
    picture(page, "queue-with-the-case")

    running.text(NOOR, f"ACK {number}")
    running.wait_for(NOOR, f"Case {number} is yours")
    page.goto(f"{running.console}/cases/{number}")
    expect(page.locator("mark").first).to_contain_text("want to be here anymore")
    expect(page.get_by_text("You have this case")).to_be_visible()
    picture(page, "case")

    close_without_and_with_an_outcome(page)
    page.goto(f"{running.console}/cases/{number}")
    expect(page.locator(".banner")).to_contain_text("Closed")
    picture(page, "case-closed")
    page.goto(running.handsets)
    expect(page.get_by_text("Call or text 988 now").first).to_be_visible()
    picture(page, "handsets")


def close_without_and_with_an_outcome(page: Page) -> None:
    page.get_by_role("button", name="Close case").click()
    expect(page.get_by_text("choose what came of it").first).to_be_visible()
    page.get_by_label("Reached the patient").check()
    page.get_by_role("button", name="Close case").click()
    expect(page.get_by_role("row").filter(has_text="Ana Reyes")).to_contain_text("Reached the patient")
