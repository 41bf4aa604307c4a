"""Status callbacks: signed, in order, with the code of a failure, and as unreliable as told."""

import re

from twilio.request_validator import RequestValidator

from backend.sandbox.account import ACCOUNT_SID, AUTH_TOKEN
from tests.sandbox.conftest import ANA, BASE, CLINIC, World

CALLBACK = f"{BASE}/twilio/status/17?o=abc#rc=0"


def test_it_calls_back_at_every_later_state(world: World) -> None:
    sid = world.send(status_callback=CALLBACK).sid
    assert world.product.posts == []
    world.pump()
    sent, delivered = world.product.posts
    assert sent.url == f"{BASE}/twilio/status/17?o=abc"
    assert sent.params == {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": CLINIC,
        "To": ANA,
        "ApiVersion": "2010-04-01",
        "MessageStatus": "sent",
        "SmsStatus": "sent",
    }
    assert delivered.params["MessageStatus"] == "delivered"
    assert re.fullmatch(r"\d{10}", delivered.params["RawDlrDoneDate"])


def test_it_signs_what_it_calls_back(world: World) -> None:
    world.send(status_callback=CALLBACK)
    world.pump()
    validator = RequestValidator(AUTH_TOKEN)
    for post in world.product.posts:
        assert validator.validate(post.url, post.params, post.headers["X-Twilio-Signature"])
        assert not validator.validate(post.url, {**post.params, "To": "+1"}, post.headers["X-Twilio-Signature"])


def test_it_signs_without_the_password_and_with_the_port(world: World) -> None:
    world.send(status_callback="https://user:secret@aftercare.example:8443/twilio/status/1")
    world.pump()
    signature, params = world.product.posts[0].headers["X-Twilio-Signature"], world.product.posts[0].params
    signed = RequestValidator(AUTH_TOKEN).compute_signature("https://aftercare.example:8443/twilio/status/1", params)
    assert signature == signed


def test_it_reports_a_handset_that_is_off(world: World) -> None:
    world.http.post("/faults", json={"handsets_off": [ANA]})
    sid = world.send(status_callback=CALLBACK).sid
    world.pump()
    last = world.product.posts[-1].params
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")
    fetched = world.client.messages(sid).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", 30003)
    assert fetched.error_message == "Unreachable destination handset"
    assert world.got() == []


def test_it_loses_or_doubles_callbacks_on_demand(world: World) -> None:
    world.http.post("/faults", json={"callbacks": "lost"})
    world.send(status_callback=CALLBACK)
    world.pump()
    assert world.product.posts == []
    world.http.post("/faults", json={"callbacks": "duplicate"})
    world.send(status_callback=CALLBACK)
    world.pump()
    assert [post.params["MessageStatus"] for post in world.product.posts] == ["sent", "sent", "delivered", "delivered"]


def test_it_records_a_callback_that_nobody_took(world: World) -> None:
    world.product.answers["/twilio/status/17"] = (503, "text/plain", "busy")
    world.send(status_callback=CALLBACK)
    world.pump()
    alerts = world.http.get("/alerts").get_json()
    assert [alert["code"] for alert in alerts] == [11217, 11217]
    assert "status 503" in alerts[0]["message"]
