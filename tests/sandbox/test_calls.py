"""Calls: rung, answered, heard, and answered with the keypad."""

from typing import Any

import pytest

from tests.sandbox.conftest import BASE, CLINIC, NOOR, XML, Post, World

PROMPT = (
    '<Response><Gather numDigits="1" timeout="10" action="/twilio/voice/12/gather"><Say>A patient needs you.</Say>'
    "<Say>Press 1.</Say></Gather><Say>Nobody pressed.</Say></Response>"
)
URL, STATUS = f"{BASE}/twilio/voice/12", f"{BASE}/twilio/status/12"


def call(world: World, **more: object) -> str:
    """Have the clinic call Noor, and let it ring."""
    world.product.answers.setdefault("/twilio/voice/12", (200, XML, PROMPT))
    order: dict[str, Any] = {"to": NOOR, "from_": CLINIC, "url": URL, **more}
    sid: str = world.client.calls.create(**order).sid
    world.pump()
    return sid


def tap(world: World, sid: str, what: str, **more: object) -> dict[str, Any]:
    answer = world.http.post(f"/handsets/{NOOR}/calls/{sid}/{what}", json=more)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    shown: dict[str, Any] = answer.get_json()
    return shown


def pressed(post: Post) -> tuple[int, str, str]:
    return 200, XML, f"<Response><Say>You pressed {post.params['Digits']}.</Say><Hangup/><Say>never</Say></Response>"


def test_it_rings_speaks_and_takes_a_digit(world: World) -> None:
    world.product.answers["/twilio/voice/12/gather"] = pressed
    sid = call(world, status_callback=STATUS)
    assert world.client.calls(sid).fetch().status == "ringing"
    assert world.http.get(f"/handsets/{NOOR}").get_json()["call"]["status"] == "ringing"
    heard = tap(world, sid, "answer")
    assert heard["heard"] == ["A patient needs you.", "Press 1."]
    assert heard["waits_for_keys"]
    done = tap(world, sid, "digits", digits="1")
    assert (done["status"], done["heard"][-1]) == ("completed", "You pressed 1.")
    world.pump()
    asked = world.product.at("/twilio/voice/12/gather")[0].params
    assert (asked["Digits"], asked["CallSid"], asked["CallStatus"]) == ("1", sid, "in-progress")
    assert [post.params["CallStatus"] for post in world.product.at("/twilio/status")] == ["completed"]


def test_it_reports_the_events_that_were_asked_for(world: World) -> None:
    sid = call(world, status_callback=STATUS, status_callback_event=["initiated", "ringing", "answered", "completed"])
    tap(world, sid, "answer")
    tap(world, sid, "hangup")
    world.pump()
    states = [post.params["CallStatus"] for post in world.product.at("/twilio/status")]
    assert states == ["queued", "ringing", "in-progress", "completed"]
    assert world.product.at("/twilio/status")[-1].params["CallDuration"] == "0"


def test_it_gives_up_ringing(world: World) -> None:
    sid = call(world, timeout=20, status_callback=STATUS)
    world.wait(seconds=19)
    assert world.client.calls(sid).fetch().status == "ringing"
    world.wait(seconds=2)
    assert world.client.calls(sid).fetch().status == "no-answer"
    assert world.product.posts[-1].params["CallStatus"] == "no-answer"
    assert world.http.post(f"/handsets/{NOOR}/calls/{sid}/answer").status_code == 409


def test_it_can_be_declined(world: World) -> None:
    sid = call(world)
    assert tap(world, sid, "hangup")["status"] == "busy"
    assert world.http.post(f"/handsets/{NOOR}/calls/{sid}/hangup").status_code == 409
    assert world.http.post(f"/handsets/{NOOR}/calls/{sid}/digits", json={"digits": "1"}).status_code == 409


def test_it_does_not_reach_a_phone_that_is_off(world: World) -> None:
    world.http.post("/faults", json={"handsets_off": [NOOR]})
    sid = call(world)
    assert world.http.get(f"/handsets/{NOOR}").get_json()["call"] is None
    assert world.http.post(f"/handsets/{NOOR}/calls/{sid}/answer").status_code == 409
    world.wait(seconds=61)
    assert world.client.calls(sid).fetch().status == "no-answer"


def test_it_goes_on_when_no_key_comes(world: World) -> None:
    sid = call(world)
    tap(world, sid, "answer")
    world.wait(seconds=9)
    assert world.client.calls(sid).fetch().status == "in-progress"
    world.wait(seconds=5)
    shown = world.http.get(f"/handsets/{NOOR}/calls").get_json()["calls"][0]
    assert (shown["status"], shown["heard"][-1]) == ("completed", "Nobody pressed.")
    assert world.client.calls(sid).fetch().duration == "14"


@pytest.mark.parametrize("keys", ["12#", "12"])
def test_it_collects_keys_until_the_hash_or_silence(world: World, keys: str) -> None:
    document = '<Response><Gather action="/twilio/voice/12/gather"><Say>Which case?</Say></Gather></Response>'
    world.product.answers["/twilio/voice/12"] = (200, XML, document)
    world.product.answers["/twilio/voice/12/gather"] = pressed
    sid = call(world)
    tap(world, sid, "answer")
    tap(world, sid, "digits", digits=keys)
    world.wait(seconds=6)
    assert world.product.at("/twilio/voice/12/gather")[0].params["Digits"] == "12"
    assert world.client.calls(sid).fetch().status == "completed"


@pytest.mark.parametrize(
    "answer", [(500, "text/html", "oops"), (200, XML, "<Response>"), ConnectionRefusedError(), (200, XML, "")]
)
def test_it_apologises_when_there_is_nothing_to_say(world: World, answer: Any) -> None:
    world.product.answers["/twilio/voice/12"] = answer
    sid = call(world)
    shown = tap(world, sid, "answer")
    assert shown["status"] == "completed"
    assert "application error" in shown["heard"][0]
    assert world.http.get("/alerts").get_json()


def test_it_follows_redirects_but_not_for_ever(world: World) -> None:
    world.product.answers["/twilio/voice/12"] = (200, XML, "<Response><Redirect>/twilio/voice/12</Redirect></Response>")
    sid = call(world)
    assert tap(world, sid, "answer")["status"] == "completed"
    assert len(world.product.posts) == 11


def test_it_speaks_twiml_that_came_with_the_order(world: World) -> None:
    sid = call(world, url=None, twiml="<Response><Say>Hello</Say></Response>")
    assert tap(world, sid, "answer")["heard"] == ["Hello"]
    assert world.product.posts == []


def test_it_is_ended_by_the_api(world: World) -> None:
    ringing, talking = call(world), call(world)
    tap(world, talking, "answer")
    assert world.client.calls(ringing).update(status="canceled").status == "canceled"
    assert world.client.calls(talking).update(status="completed").status == "completed"
    assert [one.sid for one in world.client.calls.list(status="canceled")] == [ringing]
    assert [one.sid for one in world.client.calls.list(to=NOOR)] == [talking, ringing]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"to": ""}, 400, 21201),
        ({"from_": ""}, 400, 21213),
        ({"url": "nonsense"}, 400, 21205),
        ({"url": None}, 400, 21205),
        ({"to": "911"}, 400, 21211),
        ({"from_": "x"}, 400, 21212),
        ({"method": "GET"}, 400, 20001),
        ({"timeout": 0}, 400, 20001),
        ({"from_": "+15005550001"}, 400, 21212),
        ({"to": "+15005550001"}, 400, 21217),
        ({"to": "+15005550002"}, 400, 21214),
        ({"to": "+15005550003"}, 400, 21215),
        ({"to": "+15005550004"}, 400, 21216),
    ],
)
def test_it_refuses_with_twilios_codes(world: World, asked: dict[str, Any], status: int, code: int) -> None:
    order: dict[str, Any] = {"to": NOOR, "from_": CLINIC, "url": URL, **asked}
    assert world.refusal(lambda: world.client.calls.create(**order)) == (status, code)
