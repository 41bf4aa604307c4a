"""The Messages resource, through the real Twilio client."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from backend.sandbox.account import ACCOUNT_SID
from tests.sandbox.conftest import ANA, CLINIC, NOOR, World, make_client

SERVICE = "MG" + "0a" * 16


def test_it_queues_a_text_and_delivers_it(world: World) -> None:
    message = world.send("How are you, 0 to 10?")
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert message.date_sent is None
    assert world.got() == []
    world.pump()
    fetched = world.client.messages(message.sid).fetch()
    assert (fetched.status, fetched.body, fetched.error_code) == ("delivered", "How are you, 0 to 10?", None)
    assert fetched.date_sent is not None
    assert world.got() == ["How are you, 0 to 10?"]


def test_it_gives_sids_like_twilio(world: World) -> None:
    text, picture = world.send(), world.send(media_url=["https://aftercare.example/x.png"])
    assert text.sid[:2] == "SM"
    assert picture.sid[:2] == "MM"
    assert all(re.fullmatch("[SM]M[0-9a-f]{32}", message.sid) for message in (text, picture))
    assert picture.num_media == "1"


def test_it_dates_in_town_time(world: World) -> None:
    world.wait(days=400)
    message = world.send()
    assert message.date_created.tzinfo is not None
    assert abs(message.date_created - (datetime.now(UTC) + timedelta(days=400))) < timedelta(seconds=5)
    listed = world.http.get(
        f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json", auth=(ACCOUNT_SID, "5a" * 16)
    ).get_json()
    raw = listed["messages"][0]["date_created"]
    assert raw.endswith("+0000")
    assert parsedate_to_datetime(raw) == message.date_created


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"to": ""}, 400, 21604),
        ({"from_": ""}, 400, 21603),
        ({"body": ""}, 400, 21602),
        ({"body": "x" * 1601}, 400, 21617),
        ({"from_": "nonsense!"}, 400, 21212),
        ({"to": "5550142"}, 400, 21211),
        ({"to": CLINIC}, 400, 21211),
        ({"validity_period": 0}, 400, 90007),
        ({"validity_period": 36_001}, 400, 90007),
        ({"media_url": ["https://a.example/x"] * 11}, 400, 21623),
        ({"status_callback": "https://under_score.example/x"}, 400, 21609),
        ({"status_callback": "/relative"}, 400, 21609),
        ({"schedule_type": "fixed", "send_at": "2026-01-01T00:00:00Z"}, 400, 35118),
        ({"schedule_type": "fixed", "messaging_service_sid": SERVICE}, 400, 35111),
        ({"schedule_type": "fixed", "messaging_service_sid": SERVICE, "send_at": "2020-01-01T00:00:00Z"}, 400, 35114),
        # magic numbers of Twilio's test credentials
        ({"from_": "+15005550001"}, 400, 21212),
        ({"from_": "+15005550007"}, 400, 21606),
        ({"from_": "+15005550008"}, 429, 21611),
        ({"to": "+15005550001"}, 400, 21211),
        ({"to": "+15005550002"}, 400, 21612),
        ({"to": "+15005550003"}, 400, 21408),
        ({"to": "+15005550004"}, 400, 21610),
        ({"to": "+15005550009"}, 400, 21614),
    ],
)
def test_it_refuses_with_twilios_codes(world: World, asked: dict[str, Any], status: int, code: int) -> None:
    assert world.refusal(lambda: world.send(**{"body": "Hello", **asked})) == (status, code)
    assert world.client.messages.list() == []


def test_it_accepts_the_magic_sender_and_the_longest_body(world: World) -> None:
    assert world.send(from_="+15005550006").status == "queued"
    assert world.send("x" * 1600, validity_period=36_000).num_segments == "11"


@pytest.mark.parametrize(
    ("body", "segments"),
    [("a" * 160, "1"), ("a" * 161, "2"), ("€" * 80, "1"), ("€" * 81, "2"), ("“" + "a" * 69, "1"), ("“" + "a" * 70, "2"),
     ("😀" * 35, "1"), ("😀" * 36, "2"), ("a" * 153 * 3, "3")],
)  # fmt: skip
def test_it_counts_segments(world: World, body: str, segments: str) -> None:
    assert world.send(body).num_segments == segments


def test_it_wants_the_right_credentials(world: World) -> None:
    stranger = make_client(world.app, token="wrong")
    assert world.refusal(lambda: stranger.messages.create(to=ANA, from_=CLINIC, body="x")) == (401, 20003)
    bare = world.http.get(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json")
    assert bare.status_code == 401
    assert bare.get_json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    other = world.client.api.v2010.accounts("AC" + "00" * 16)
    assert world.refusal(lambda: other.messages.create(to=ANA, from_=CLINIC, body="x")) == (404, 20404)


def test_it_knows_no_strange_sid_and_no_strange_path(world: World) -> None:
    assert world.refusal(lambda: world.client.messages("SM" + "0" * 32).fetch()) == (404, 20404)
    assert world.refusal(lambda: world.client.recordings("RE" + "0" * 32).fetch()) == (404, 20404)


def test_it_pages_newest_first_while_new_ones_come(world: World) -> None:
    sent = [world.send(f"text {number}").sid for number in range(7)]
    stream = world.client.messages.stream(page_size=3)
    first = [next(stream).sid for _ in range(3)]
    world.send("came in between")
    assert first + [message.sid for message in stream] == sent[::-1]


def test_it_describes_its_pages(world: World) -> None:
    for number in range(5):
        world.send(f"text {number}")
    page = world.client.messages.page(to=ANA, page_size=2)
    following = page.next_page()
    assert following is not None
    payload = following._payload
    assert (payload["page"], payload["start"], payload["end"], payload["page_size"]) == (1, 2, 3, 2)
    assert payload["previous_page_uri"].startswith(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?To=%2B1555")
    last = following.next_page()
    assert last is not None
    assert last.next_page_url is None
    assert [message.body for message in last] == ["text 0"]


def test_it_filters_by_both_ends(world: World) -> None:
    world.send("to Ana")
    world.send("to Noor", to=NOOR)
    world.text("from Ana")
    listed = world.client.messages.list
    assert [message.body for message in listed(to=NOOR)] == ["to Noor"]
    assert [message.body for message in listed(from_=ANA)] == ["from Ana"]
    assert [message.body for message in listed(to=ANA, from_=CLINIC)] == ["to Ana"]
    assert [message.direction for message in listed(to=CLINIC)] == ["inbound"]


def test_it_filters_by_the_date_sent(world: World) -> None:
    world.send("early")
    world.pump()
    world.wait(days=2)
    now = world.carrier.town.now()
    world.send("late")
    world.pump()
    world.send("not sent yet")
    listed = world.client.messages.list
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert [message.body for message in listed(date_sent_after=now - timedelta(hours=1))] == ["late"]
    assert [message.body for message in listed(date_sent_before=midnight)] == ["early"]
    assert [message.body for message in listed(date_sent=now.date())] == ["late"]
    assert [message.body for message in listed(date_sent=(now - timedelta(days=2)).date())] == ["early"]


def test_it_redacts_and_deletes_what_is_done(world: World) -> None:
    message = world.send("private")
    assert world.refusal(lambda: world.client.messages(message.sid).delete()) == (409, 20009)
    world.pump()
    assert world.client.messages(message.sid).update(body="").body == ""
    assert world.client.messages(message.sid).delete()
    assert world.refusal(lambda: world.client.messages(message.sid).fetch()) == (404, 20404)


def test_it_lets_a_service_choose_the_sender(world: World) -> None:
    callback = "https://aftercare.example/twilio/status/7"
    message = world.client.messages.create(
        to=ANA, messaging_service_sid=SERVICE, body="Hello", status_callback=callback
    )
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    world.pump()
    states = [post.params["MessageStatus"] for post in world.product.posts]
    assert states == ["queued", "sent", "delivered"]
    assert {post.params["MessagingServiceSid"] for post in world.product.posts} == {SERVICE}


def test_it_keeps_a_scheduled_text_until_its_time(world: World) -> None:
    at = world.carrier.town.now() + timedelta(hours=2)
    order = {"messaging_service_sid": SERVICE, "schedule_type": "fixed", "send_at": at, "from_": None}
    kept, called_off = world.send("later", **order), world.send("never", **order)
    assert kept.status == "scheduled"
    assert world.client.messages(called_off.sid).update(status="canceled").status == "canceled"
    assert world.refusal(lambda: world.client.messages(called_off.sid).update(status="canceled")) == (400, 30409)
    world.wait(hours=1)
    assert world.got() == []
    world.wait(hours=1, seconds=5)
    assert world.got() == ["later"]
