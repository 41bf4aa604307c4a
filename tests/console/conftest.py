"""Somebody at the console: a client that sends each page's own CSRF token back, and a real browser."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from threading import Thread

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from backend.store.staff import Staff
from tests.town import PASSWORD, Town


@dataclass
class Desk:
    """One person's browser, without a screen."""

    client: FlaskClient
    page: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> str:
        return self._keep(
            self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        )

    def post(self, path: str, **fields: object) -> str:
        """Send a form as a browser would, from the page that is open."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        data = {name.replace("__", "."): value for name, value in fields.items()}
        if token:
            data["csrf_token"] = token[1]
        return self._keep(self.client.post(path, data=data, follow_redirects=True))

    def sign_in(self, person: Staff, then: str = "/") -> "Desk":
        self.get(f"/sign-in?next={then}")
        self.post("/sign-in", email=person.email, password=PASSWORD, next=then)
        assert self.status == 200
        return self

    @property
    def text(self) -> str:
        """The page's words, without its tags."""
        plain = re.sub(r"</?(time|span|mark|q|strong|a)\b[^>]*>", "", self.page)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", plain)).split())

    def _keep(self, answer: TestResponse) -> str:
        self.status, self.headers = answer.status_code, dict(answer.headers)
        kept = answer.get_data(as_text=True)
        if answer.mimetype == "text/html":
            self.page = kept
        return kept


@pytest.fixture
def desk(town: Town) -> Callable[[Staff], Desk]:
    """A signed-in browser for whoever is named."""

    def of(person: Staff) -> Desk:
        return Desk(town.app.test_client()).sign_in(person)

    return of


@pytest.fixture
def noor(town: Town, desk: Callable[[Staff], Desk]) -> Desk:
    """Noor the nurse, at her desk."""
    return desk(town.noor)


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    """The town's console on a real socket."""
    server = make_server("127.0.0.1", 0, town.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(timeout=5)


@pytest.fixture
def screen(chromium: Browser, address: str, town: Town) -> Iterator[Page]:
    """A real browser on the queue, with Noor signed in."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(10_000)
    page.goto(f"{address}/sign-in")
    page.fill("#email", town.noor.email)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_selector("#queue")
    yield page
    page.close()
