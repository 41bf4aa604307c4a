"""The console in a real browser: refreshed without getting in the way, by keyboard, on a phone, and accessible."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from backend.store.patients import Patient
from tests.town import Town

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # the slowest part refreshes every 10 s


@pytest.fixture
def ana(town: Town) -> Patient:
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait(hours=26, step=timedelta(hours=2))
    town.phone_of(patient).texts("mood 2 pain 9, I want to die")
    return patient


@pytest.fixture
def complaints(screen: Page) -> Iterator[list[str]]:
    """What the browser complains about: above all, anything the content security policy refuses."""
    heard: list[str] = []
    screen.on("console", lambda message: heard.append(message.text) if message.type in ("error", "warning") else None)
    yield heard
    assert not [line for line in heard if "Content Security Policy" in line]


def at(page: Page, path: str) -> Page:
    """Another page of the same console."""
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
    return page


def test_it_passes_the_accessibility_checks(town: Town, ana: Patient, screen: Page, complaints: list[str]) -> None:
    pages = [
        "/", "/cases/1", "/patients", "/patients/new", f"/patients/{ana.id}", f"/patients/{ana.id}/treatments/new",
        "/health", "/nowhere",
    ]  # fmt: skip
    found = []
    for scheme in ("light", "dark"):
        screen.emulate_media(color_scheme=scheme)
        for path in pages:
            at(screen, path)
            found += _violations(screen, f"{scheme} {path}")
        at(screen, "/patients/new").click("main button[type=submit]")
        found += _violations(screen, f"{scheme} enrolment with faults")
    assert found == []


def _violations(page: Page, where: str) -> list[str]:
    results = Axe().run(page)
    return [f"{where}: {found['id']} {found['nodes'][0]['html'][:120]}" for found in results.response["violations"]]


def test_it_fits_a_phone(ana: Patient, screen: Page) -> None:
    screen.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/cases/1", "/patients", "/patients/new", f"/patients/{ana.id}", "/health"):
        at(screen, path)
        assert screen.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_a_new_case_appears_by_itself_and_the_focus_stays(town: Town, ana: Patient, screen: Page) -> None:
    screen.reload()
    screen.keyboard.press("j")
    expect(screen.locator("#case-1 a")).to_be_focused()
    bo = town.enrol_patient("+15555550121", given_name="Bo", family_name="Lind")
    town.phone_of(bo).texts("I am going to kill myself tonight")
    expect(screen.locator("#case-2")).to_be_visible()
    expect(screen.locator("#case-1 a")).to_be_focused()
    expect(screen).to_have_title("(2) Queue · Aftercare")


def test_a_half_typed_note_survives_the_refresh(town: Town, ana: Patient, screen: Page) -> None:
    at(screen, "/cases/1")
    screen.fill("#words", "left a voicemail at")
    town.phone_of(ana).texts("please call me")
    expect(screen.locator("#case-top")).to_contain_text("please call me")
    expect(screen.locator("#words")).to_have_value("left a voicemail at")
    expect(screen.locator("#words")).to_be_focused()


def test_a_case_can_be_taken_and_closed_by_keyboard_alone(town: Town, ana: Patient, screen: Page) -> None:
    screen.reload()
    screen.keyboard.press("j")
    screen.keyboard.press("Enter")
    expect(screen.locator("h1")).to_contain_text("Ana Reyes")
    screen.keyboard.press("a")
    screen.keyboard.press("Enter")
    expect(screen.locator(".banner")).to_contain_text("You have this case")
    screen.focus("#outcome")
    screen.keyboard.press("Space")
    screen.keyboard.press("Tab")
    screen.keyboard.type("Spoke with her; safe tonight")
    screen.keyboard.press("Tab")
    screen.keyboard.press("Enter")
    expect(screen.locator(".flash")).to_contain_text("Case 1 is closed")


def test_it_says_so_when_it_cannot_reach_the_server(screen: Page) -> None:
    expect(screen.locator("#stale")).to_be_hidden()
    screen.route("**/live/**", lambda route: route.abort())
    expect(screen.locator("#stale")).to_be_visible()
    screen.unroute("**/live/**")
    expect(screen.locator("#stale")).to_be_hidden()


def test_it_leaves_the_screen_of_whoever_went_away(town: Town, ana: Patient, screen: Page) -> None:
    at(screen, "/cases/1")
    town.clock.advance(timedelta(minutes=16))
    screen.wait_for_url("**/sign-in?next=*cases*1")
    expect(screen.locator(".flash")).to_contain_text("nothing happened for a while")
    expect(screen.locator("body")).not_to_contain_text("Ana")


def test_it_counts_as_the_telephone_network_counts(ana: Patient, screen: Page) -> None:
    at(screen, f"/patients/{ana.id}")
    for words, said in (
        ("Hello", "5 of 306, 1 part"),
        ("€" * 81, "162 of 306, 2 parts"),
        ("a “b”", "Cannot be sent: “ ”"),
    ):
        screen.fill("#body", words)
        expect(screen.locator("#count")).to_have_text(said)
