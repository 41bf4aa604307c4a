"""The world of the sandbox's tests: a carrier that waits to be pumped, a recording product, the real Twilio client."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from backend.sandbox.account import ACCOUNT_SID, AUTH_TOKEN, SandboxSettings
from backend.sandbox.adapter import WsgiAdapter
from backend.sandbox.app import create_sandbox
from backend.sandbox.carrier import Carrier

CLINIC, ANA, NOOR = "+15555550100", "+15555550142", "+15555550177"
BASE = "https://aftercare.example"
XML = "text/xml; charset=utf-8"

Answer = tuple[int, str, str]


@dataclass(frozen=True)
class Post:
    """A webhook as it arrived at the product."""

    url: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Product:
    """The other side: keeps every webhook and answers as told, by path; silence is `<Response/>`."""

    posts: list[Post] = field(default_factory=list)
    answers: dict[str, Answer | OSError | Callable[[Post], Answer]] = field(default_factory=dict)

    def post(self, url: str, params: dict[str, str], headers: dict[str, str]) -> Answer:
        post = Post(url, dict(params), dict(headers))
        self.posts.append(post)
        answer = self.answers.get(url.removeprefix(BASE).partition("?")[0], (200, XML, "<Response/>"))
        if isinstance(answer, OSError):
            raise answer
        return answer(post) if callable(answer) else answer

    def says(self, *bodies: str) -> None:
        """Answer texts with these."""
        verbs = "".join(f"<Message>{body}</Message>" for body in bodies)
        self.answers["/twilio/inbound"] = (200, XML, f"<Response>{verbs}</Response>")

    def at(self, path: str) -> list[Post]:
        return [post for post in self.posts if post.url.startswith(BASE + path)]


@dataclass
class World:
    """One town."""

    app: Flask
    product: Product
    http: FlaskClient
    client: Client

    @property
    def carrier(self) -> Carrier:
        carrier = self.app.extensions["carrier"]
        assert isinstance(carrier, Carrier)
        return carrier

    def pump(self) -> None:
        self.carrier.pump()

    def wait(self, **span: float) -> None:
        """Move the town clock and let happen what is due."""
        self.carrier.town.advance(timedelta(**span))
        self.carrier.pump()

    def text(self, body: str, *, handset: str = ANA, **more: object) -> dict[str, Any]:
        """Type a text on a handset."""
        answer = self.http.post(f"/handsets/{handset}/texts", json={"body": body, **more})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        told: dict[str, Any] = answer.get_json()
        return told

    def got(self, handset: str = ANA) -> list[str]:
        """Return the bodies of what a handset got."""
        return [text["body"] for text in self.http.get(f"/handsets/{handset}/texts").get_json()["texts"]]

    def send(self, body: str = "How are you?", **more: object) -> Any:
        """Send by the real client."""
        return self.client.messages.create(**{"to": ANA, "from_": CLINIC, "body": body, **more})

    def refusal(self, call: Callable[[], object]) -> tuple[int, int]:
        """Return the HTTP status and Twilio code that a call of the client runs into."""
        with pytest.raises(TwilioRestException) as caught:
            call()
        return caught.value.status, caught.value.code


def make_client(app: Flask, *, sid: str = ACCOUNT_SID, token: str = AUTH_TOKEN, timeout: float = 5) -> Client:
    http = TwilioHttpClient(timeout=timeout)
    http.session.mount("https://api.twilio.com", WsgiAdapter(app))
    return Client(sid, token, http_client=http, environment={})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    product = Product()
    settings = SandboxSettings(clock_path=tmp_path / "clock.json", webhook_base=BASE, webhook_post=product.post)
    app = create_sandbox(settings)
    yield World(app, product, app.test_client(), make_client(app))
    app.extensions["carrier"].ledger.close()
