"""The sandbox's answers and the real client's requests against Twilio's own OpenAPI description."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests import PreparedRequest, Response

from backend.sandbox.adapter import WsgiAdapter
from tests.sandbox.conftest import ANA, BASE, CLINIC, World

# Formats of the description that Twilio's own answers break, such as relative addresses called "uri".
BROKEN_FORMATS = {"uri", "uri-map", "phone-number", "date-time-rfc-2822", "currency"}


def spec_path() -> Path:
    given = os.environ.get("TWILIO_SPEC")
    root = Path(__file__).resolve().parents[2]
    return Path(given) if given else root.parent / "shared" / "data" / "twilio_messages_v2010.json"


def without_formats(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: without_formats(value) for key, value in node.items()}
        if kept.get("format") in BROKEN_FORMATS:
            del kept["format"]
        return kept
    return [without_formats(item) for item in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def description() -> OpenAPI:
    path = spec_path()
    if not path.exists():
        pytest.skip("Twilio's OpenAPI description is not here; set TWILIO_SPEC to its file")
    return OpenAPI.from_dict(without_formats(json.loads(path.read_text(encoding="utf-8"))))


@dataclass
class Checked(WsgiAdapter):
    """The adapter, checking what passes through it."""

    app: Any
    description: OpenAPI
    passed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.app)

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        asked = RequestsOpenAPIRequest(cast("Any", request))
        self.description.validate_request(asked)
        response = super().send(request, *args, **more)
        self.description.validate_response(asked, RequestsOpenAPIResponse(response))
        self.passed.append(f"{request.method} {response.status_code}")
        return response


@pytest.fixture
def checked(world: World, description: OpenAPI) -> Iterator[Checked]:
    adapter = Checked(world.app, description)
    world.client.http_client.session.mount("https://api.twilio.com", adapter)
    yield adapter
    assert adapter.passed


def test_it_conforms_in_messages(world: World, checked: Checked) -> None:
    callback = f"{BASE}/twilio/status/1"
    sent = world.send(status_callback=callback, validity_period=600, smart_encoded=True, risk_check="disable")
    world.send(media_url=["https://a.example/1", "https://a.example/2"])
    world.text("7")
    world.pump()
    assert len(world.client.messages.list(page_size=2)) == 3
    assert world.client.messages.list(to=ANA, from_=CLINIC, date_sent_after=sent.date_created)
    assert world.client.messages(sent.sid).fetch().status == "delivered"
    assert world.client.messages(sent.sid).update(body="").body == ""
    assert world.client.messages(sent.sid).delete()
    assert {"POST 201", "POST 200", "GET 200", "DELETE 204"} == set(checked.passed)


def test_it_conforms_in_calls(world: World, checked: Checked) -> None:
    call = world.client.calls.create(
        to=ANA, from_=CLINIC, url=f"{BASE}/twilio/voice/1", status_callback_event=["answered", "completed"], timeout=20
    )
    world.pump()
    assert world.client.calls(call.sid).fetch().status == "ringing"
    assert world.client.calls(call.sid).update(status="completed").status == "completed"
    assert len(world.client.calls.list(status="completed")) == 1
    assert len(checked.passed) == 4


def test_the_check_itself_bites(world: World, description: OpenAPI) -> None:
    class Wrong(WsgiAdapter):
        def send(self, *args: Any, **more: Any) -> Response:
            response = super().send(*args, **more)
            told: Mapping[str, Any] = {**response.json(), "status": "teleported"}
            response._content = json.dumps(told).encode()
            return response

    request = PreparedRequest()
    account = world.client.account_sid
    request.prepare(
        method="POST",
        url=f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json",
        data={"To": ANA, "From": CLINIC, "Body": "x"},
        auth=(account, "5a" * 16),
    )
    response = Wrong(world.app).send(request)
    with pytest.raises(Exception, match=r"(?i)invalid"):
        description.validate_response(RequestsOpenAPIRequest(cast("Any", request)), RequestsOpenAPIResponse(response))
