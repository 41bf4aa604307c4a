"""Texts from handsets: the webhook, what it may answer, and what the carrier does on its own."""

import pytest
from twilio.request_validator import RequestValidator

from backend.sandbox.account import ACCOUNT_SID, AUTH_TOKEN
from tests.sandbox.conftest import ANA, BASE, CLINIC, NOOR, XML, World

INBOUND = "/twilio/inbound"
STOP_WORDS = ["STOP", "StopAll", "unsubscribe", "Cancel", "end", " QUIT ", "revoke", "OptOut"]


def test_it_tells_the_product_with_all_parameters(world: World) -> None:
    told = world.text("6, and tired 😀")
    (post,) = world.product.posts
    assert post.url == BASE + INBOUND
    sid = told["message"]["sid"]
    assert post.params["MessageSid"] == post.params["SmsSid"] == post.params["SmsMessageSid"] == sid
    expected = {
        "AccountSid": ACCOUNT_SID,
        "From": ANA,
        "To": CLINIC,
        "Body": "6, and tired 😀",
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "FromCity": "",
        "FromState": "",
        "FromZip": "",
        "FromCountry": "US",
        "ToCity": "",
    }
    assert expected.items() <= post.params.items()
    assert RequestValidator(AUTH_TOKEN).validate(post.url, post.params, post.headers["X-Twilio-Signature"])
    assert post.headers["I-Twilio-Idempotency-Token"]
    assert post.headers["User-Agent"].startswith("TwilioProxy")
    assert "OptOutType" not in post.params


def test_it_describes_media(world: World) -> None:
    told = world.text("look", media=2)
    params = world.product.posts[0].params
    assert params["NumMedia"] == "2"
    assert told["message"]["sid"].startswith("MM")
    assert params["MediaUrl0"] != params["MediaUrl1"]
    assert params["MediaContentType1"] == "image/jpeg"
    assert "MediaUrl2" not in params


def test_it_sends_each_message_of_the_answer(world: World) -> None:
    first = '<Message statusCallback="/twilio/status/9">Thank you &amp; rest</Message>'
    second = f'<Message to="{NOOR}" from="{CLINIC}"><Body>Ana answered</Body></Message>'
    world.product.answers[INBOUND] = (200, XML, f"<Response>{first}{second}</Response>")
    told = world.text("7")
    assert told["webhook"]["status"] == 200
    assert [reply["body"] for reply in told["replies"]] == ["Thank you & rest", "Ana answered"]
    world.pump()
    assert world.got() == ["Thank you & rest"]
    assert world.got(NOOR) == ["Ana answered"]
    reply = world.client.messages.list(to=ANA)[0]
    assert (reply.direction, reply.status) == ("outbound-reply", "delivered")
    assert [post.params["MessageStatus"] for post in world.product.at("/twilio/status/9")] == ["sent", "delivered"]


def test_it_follows_a_redirect(world: World) -> None:
    world.product.answers[INBOUND] = (200, XML, "<Response><Redirect>/twilio/other</Redirect></Response>")
    world.product.answers["/twilio/other"] = (200, XML, "<Response><Message>from there</Message></Response>")
    world.text("7")
    world.pump()
    assert world.got() == ["from there"]


def test_it_sends_plain_text_to_the_patient_as_twilio_does(world: World) -> None:
    world.product.answers[INBOUND] = (200, "text/plain", "OK")
    world.text("7")
    world.pump()
    assert world.got() == ["OK"]


@pytest.mark.parametrize(
    ("content_type", "document", "code"),
    [
        (XML, "<Response><Message>no end</Response>", 12100),
        (XML, "<Answer><Message>x</Message></Answer>", 12100),
        (XML, "<Response><Message>bad \x00</Message></Response>", 12100),
        (XML, '<!DOCTYPE r [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>', 12100),
        ("application/json", "{}", 12300),
        (XML, "<Response>" + "<Message>x</Message>" * 4000 + "</Response>", 11750),
        (XML, "<Response><Message></Message></Response>", 14103),
        (XML, f"<Response><Message>{'x' * 1601}</Message></Response>", 14103),
        (XML, "<Response><Say>hello</Say></Response>", 12200),
    ],
)
def test_it_records_a_bad_answer_and_sends_nothing(world: World, content_type: str, document: str, code: int) -> None:
    world.product.answers[INBOUND] = (200, content_type, document)
    assert world.text("7")["replies"] == []
    world.pump()
    assert world.got() == []
    assert world.http.get("/alerts").get_json()[0]["code"] == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [(ConnectionRefusedError(), 11205), (TimeoutError(), 11200), ((500, "text/html", "oops"), 11217)],
)
def test_it_keeps_a_text_that_the_product_did_not_take(
    world: World, answer: OSError | tuple[int, str, str], code: int
) -> None:
    world.product.answers[INBOUND] = answer
    told = world.text("I cannot go on")
    assert told["webhook"]["error_code"] == code
    assert told["webhook"]["tries"] == 3
    assert len({post.headers["I-Twilio-Idempotency-Token"] for post in world.product.posts}) == 1
    assert [message.body for message in world.client.messages.list(from_=ANA, to=CLINIC)] == ["I cannot go on"]
    assert world.http.get("/alerts").get_json()[0]["code"] == code
    note = world.http.get(f"/handsets/{ANA}/texts").get_json()["thread"][0]["note"]
    assert note == f"webhook failed {code}"


def test_it_retries_only_what_the_fragment_allows(world: World) -> None:
    world.http.post("/numbers", json={"number": CLINIC, "sms_url": f"{BASE}/hook#rc=4&rp=5xx"})
    world.product.answers["/hook"] = (404, XML, "")
    assert world.text("a")["webhook"]["tries"] == 1
    world.product.answers["/hook"] = (503, XML, "")
    assert world.text("b")["webhook"]["tries"] == 5


def test_it_asks_the_fallback_and_says_why(world: World) -> None:
    world.http.post(
        "/numbers",
        json={"number": CLINIC, "sms_url": f"{BASE}/hook", "sms_fallback_url": f"{BASE}/fallback"},
    )
    world.product.answers["/hook"] = ConnectionRefusedError()
    world.product.answers["/fallback"] = (200, XML, "<Response><Message>Call 988</Message></Response>")
    told = world.text("help me please")
    world.pump()
    assert told["message"]["sid"] == world.product.at("/fallback")[0].params["MessageSid"]
    assert world.product.at("/fallback")[0].params["ErrorCode"] == "11205"
    assert world.product.at("/fallback")[0].params["ErrorUrl"] == f"{BASE}/hook"
    assert len(world.product.at("/hook")) == 2
    assert world.got() == ["Call 988"]


@pytest.mark.parametrize("word", STOP_WORDS)
def test_it_blocks_on_a_stop_word_and_still_tells(world: World, word: str) -> None:
    world.product.says("Shall we talk?")
    world.text(word)
    world.pump()
    assert [body[:38] for body in world.got()] == ["You have successfully been unsubscribe"]
    assert world.product.posts[0].params["Body"] == word
    assert world.refusal(world.send) == (400, 21610)
    refused = world.client.messages.list(to=ANA)[0]
    assert (refused.body, refused.status, refused.error_code) == ("Shall we talk?", "failed", 21610)


def test_it_reports_a_reply_to_a_blocked_handset(world: World) -> None:
    world.product.answers[INBOUND] = (
        200,
        XML,
        '<Response><Message statusCallback="/twilio/status/3">Bye</Message></Response>',
    )
    world.text("STOP")
    world.pump()
    (post,) = world.product.at("/twilio/status/3")
    assert (post.params["MessageStatus"], post.params["ErrorCode"]) == ("failed", "21610")


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_it_unblocks_on_a_start_word(world: World, word: str) -> None:
    world.text("STOP")
    world.text(word)
    assert world.send().status == "queued"
    world.pump()
    assert [body.split(".")[0] for body in world.got()][1:] == [
        "You have successfully been re-subscribed to messages from this number",
        "How are you?",
    ]


@pytest.mark.parametrize("body", ["STOP PLEASE", "please stop", "opt out", "Stop!", "the end", "yes I am fine"])
def test_it_takes_only_whole_words(world: World, body: str) -> None:
    world.text(body)
    assert world.got() == []
    assert world.send().status == "queued"


def test_it_answers_help_unless_blocked(world: World) -> None:
    world.text("help")
    assert world.got() == ["Reply STOP to unsubscribe. Msg&Data Rates May Apply."]
    world.text("STOP")
    world.text("INFO")
    assert len(world.got()) == 2
    assert len(world.product.posts) == 3


def test_it_blocks_one_number_only(world: World) -> None:
    world.text("STOP", to="+15555550101")
    assert world.send().status == "queued"
    assert world.refusal(lambda: world.send(from_="+15555550101")) == (400, 21610)


def test_it_answers_the_number_that_last_texted(world: World) -> None:
    assert world.text("hi")["message"]["to"] == CLINIC
    world.send(from_="+15555550103")
    assert world.text("hi")["message"]["to"] == "+15555550103"


def test_it_stops_a_loop_of_replies(world: World) -> None:
    world.product.says("echo")
    for _ in range(16):
        world.text("echo")
        world.pump()
    failed = [message.error_code for message in world.client.messages.list(to=ANA) if message.status == "failed"]
    assert failed == [14107]


def test_it_lets_the_product_call_back_into_the_api(world: World) -> None:
    def handler(product_post: object) -> tuple[int, str, str]:
        assert product_post
        world.send("Sent while the webhook was open")
        return 200, XML, "<Response/>"

    world.product.answers[INBOUND] = handler
    world.text("7")
    world.pump()
    assert world.got() == ["Sent while the webhook was open"]
