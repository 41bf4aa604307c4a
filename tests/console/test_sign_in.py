"""Nobody gets in without signing in, nobody stays in by doing nothing, and no other site can act in somebody's name."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import pytest

from backend.store.staff import Staff
from backend.web.security import safe_next
from tests.console.conftest import Desk
from tests.town import PASSWORD, Town

Sits = Callable[[Staff], Desk]


def test_it_sends_strangers_to_the_sign_in_page_and_back_afterwards(town: Town) -> None:
    desk = Desk(town.app.test_client())
    desk.get("/patients?q=ana")
    assert desk.status == 302
    assert unquote(desk.headers["Location"]) == "/sign-in?next=/patients?q=ana"
    desk.sign_in(town.noor, then="/patients")
    assert "Enrol a patient" in desk.text


def test_it_says_no_to_a_wrong_password_and_keeps_the_address(town: Town) -> None:
    desk = Desk(town.app.test_client())
    desk.get("/sign-in")
    desk.post("/sign-in", email=town.noor.email, password="wrong")
    assert desk.status == 422
    assert "do not fit" in desk.text
    assert town.noor.email in desk.page
    desk.get("/")
    assert desk.status == 302


def test_it_refuses_a_form_that_is_not_its_own(noor: Desk) -> None:
    noor.page = ""
    noor.post("/sign-out")
    assert noor.status == 400
    assert "too old" in noor.text
    noor.get("/")
    assert noor.status == 200


def test_it_signs_out_for_good(town: Town, noor: Desk) -> None:
    cookie = noor.client.get_cookie("aftercare")
    assert cookie is not None
    noor.get("/")
    noor.post("/sign-out")
    assert "You are signed out" in noor.text
    noor.client.set_cookie("aftercare", cookie.value)
    noor.get("/")
    assert noor.status == 302


def test_it_logs_off_whoever_does_nothing_though_the_page_refreshes_itself(town: Town, noor: Desk) -> None:
    for _ in range(8):
        town.clock.advance(_minutes(2))
        noor.get("/live/queue")
    assert noor.status == 204
    assert noor.headers["HX-Redirect"].startswith("/sign-in")
    noor.get("/sign-in")
    assert "nothing happened for a while" in noor.text


def test_it_keeps_in_whoever_is_typing(town: Town, noor: Desk) -> None:
    for _ in range(8):
        town.clock.advance(_minutes(5))
        noor.get("/still-here")
    noor.get("/")
    assert noor.status == 200


def test_it_hands_out_careful_cookies_and_headers(noor: Desk, town: Town) -> None:
    answer = town.app.test_client().post("/sign-in", data={"email": town.noor.email, "password": PASSWORD})
    assert answer.status_code == 400  # without its token a sign-in is nobody's
    noor.get("/")
    assert "script-src 'self'" in noor.headers["Content-Security-Policy"]
    assert "unsafe" not in noor.headers["Content-Security-Policy"]
    assert noor.headers["Cache-Control"] == "no-store"
    assert noor.headers["X-Content-Type-Options"] == "nosniff"
    cookie = noor.client.get_cookie("aftercare")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert " style=" not in noor.page
    assert "onclick" not in noor.page


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", ""])
def test_it_never_sends_anybody_elsewhere(target: str) -> None:
    assert safe_next(target) == "/"
    assert safe_next("/cases/12") == "/cases/12"


def test_it_answers_unknown_pages_in_words_and_leaves_the_others_alone(noor: Desk) -> None:
    noor.get("/nowhere")
    assert noor.status == 404
    assert "There is no such page" in noor.text
    noor.get("/patients/not-an-id")
    assert noor.status == 404
    assert "<html" not in noor.get("/livez")


def _minutes(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)
