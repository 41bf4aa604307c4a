"""The gateway over the real client: what the carrier does wrong becomes `NotSent` or `MaybeSent`, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from twilio.request_validator import RequestValidator

from backend.messaging.carrier_codes import Class, class_of, class_of_answer
from backend.messaging.gateway import MaybeSent, NotSent, Receipt, Sms
from backend.messaging.twilio_gateway import TwilioGateway
from backend.messaging.twilio_signature import SignatureCheck
from backend.sandbox.adapter import WsgiAdapter
from tests.town import Town

ANA = "+15555550120"
TEXT = Sms("+15555550100", ANA, "How are you?", "0-1", timedelta(hours=2))


def fault(town: Town, do: str, on: str = "create") -> None:
    town.handsets.post("/faults", json={"next": [{"do": do, "times": 1, "on": on}]})


def test_a_receipt_names_the_text_at_the_carrier(town: Town) -> None:
    receipt = town.house.gateway.send(TEXT)
    assert receipt == Receipt(receipt.message_sid, "queued")
    assert receipt.message_sid.startswith("SM")


@pytest.mark.parametrize("do", ["timeout_before", "timeout_after", "500", "500_accepted", "502", "cut_json", "reset"])
def test_whatever_may_have_been_taken_is_looked_up(town: Town, do: str) -> None:
    gateway, since = town.house.gateway, town.clock.now()
    fault(town, do)
    with pytest.raises(MaybeSent):
        gateway.send(TEXT)
    taken = do in ("timeout_after", "500_accepted", "cut_json", "reset")
    assert (gateway.find(to=ANA, body=TEXT.body, since=since) is not None) == taken


def test_too_many_requests_are_surely_not_taken_and_may_be_tried_again(town: Town) -> None:
    fault(town, "429")
    with pytest.raises(NotSent) as refused:
        town.house.gateway.send(TEXT)
    assert (refused.value.transient, refused.value.code) == (True, 20429)


def test_an_opted_out_number_is_refused_for_good(town: Town) -> None:
    town.carrier.ledger.block(TEXT.sender, ANA)
    with pytest.raises(NotSent) as refused:
        town.house.gateway.send(TEXT)
    assert (refused.value.transient, refused.value.code) == (False, 21610)
    assert ANA not in str(refused.value)


def test_a_look_up_finds_this_text_and_no_other(town: Town) -> None:
    gateway, since = town.house.gateway, town.clock.now()
    gateway.send(replace(TEXT, body="Something else"))
    assert gateway.find(to=ANA, body=TEXT.body, since=since) is None
    sent = gateway.send(TEXT)
    found = gateway.find(to=ANA, body=TEXT.body, since=since)
    assert found is not None
    assert found.message_sid == sent.message_sid
    assert gateway.find(to=ANA, body=TEXT.body, since=since + timedelta(minutes=1)) is None


def test_a_look_up_that_cannot_be_made_decides_nothing(town: Town) -> None:
    fault(town, "500", on="any")
    with pytest.raises(MaybeSent):
        town.house.gateway.find(to=ANA, body=TEXT.body, since=town.clock.now())
    fault(town, "reset", on="any")
    with pytest.raises(MaybeSent):
        town.house.gateway.received_since(to=TEXT.sender, since=town.clock.now())
    fault(town, "500", on="any")
    with pytest.raises(MaybeSent):
        town.house.gateway.blocked_since(sender=TEXT.sender, since=town.clock.now())


def test_it_talks_to_no_other_host(town: Town) -> None:
    adapter = WsgiAdapter(town.sandbox)
    gateway = TwilioGateway(
        account_sid="AC" + "5a" * 16, auth_token="5a" * 16, api_url="http://carrier.example", status_url=str,
        adapter=adapter,
    )  # fmt: skip
    client = gateway._client()
    client.api.base_url = "http://elsewhere.example"
    with pytest.raises(MaybeSent):
        gateway.send(TEXT)


def test_an_unknown_code_is_final_and_seen_and_a_server_error_is_looked_up() -> None:
    assert class_of(None) is Class.PERMANENT
    assert class_of(99999) is Class.PERMANENT
    assert class_of(21610) is Class.OPTED_OUT
    assert class_of_answer(503, None) is Class.AMBIGUOUS
    assert class_of_answer(429, None) is Class.RETRY
    assert class_of_answer(400, 21211) is Class.PERMANENT


def test_a_signature_holds_for_both_tokens_while_they_rotate_and_for_the_right_address_only() -> None:
    check = SignatureCheck(public_url="https://a.example/", tokens=["new", "old", ""])
    parameters = {"Body": "7", "From": ANA, "FromCity": ""}
    for token, right in (("new", True), ("old", True), ("", False), ("other", False)):
        signature = RequestValidator(token).compute_signature("https://a.example/twilio/inbound", parameters)
        assert check("/twilio/inbound", parameters, signature) == right
    signature = RequestValidator("new").compute_signature("https://b.example/twilio/inbound", parameters)
    assert not check("/twilio/inbound", parameters, signature)
    assert not check("/twilio/inbound", parameters, "")
