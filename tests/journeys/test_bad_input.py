"""Forged, doubled, empty, huge and broken input: refused with a reason, or kept and seen by a person; never lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.services.clinic import setting_up
from backend.services.invalid import Conflict, Invalid
from backend.services.patients import enrolment, standing, treatments
from backend.services.patients.enrolment import Consent
from backend.services.patients.treatments import NewTreatment
from backend.services.texting import inbox
from backend.store.check_ins import CheckIn
from backend.store.clinics import UNROUTED
from backend.store.database import Base, db
from backend.store.escalations import ConcernRow
from backend.store.patients import ConsentEvent, Patient, Treatment
from backend.store.staff import Staff
from backend.store.texts import DeliveryReport, InboundMessage, OutboundMessage
from backend.web.current import HOUSE
from tests.journeys.carrier import inbound_parameters, post, post_inbound, signature
from tests.town import A_TUESDAY, Town

STRANGER = "+15555550177"


def count(town: Town, model: type[Base]) -> int:
    with town.inside():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def kept(town: Town) -> list[InboundMessage]:
    with town.inside():
        return list(db.session.scalars(select(InboundMessage).order_by(InboundMessage.id)))


# Who is speaking


def test_a_forged_signature_is_refused_and_nothing_is_kept(town: Town) -> None:
    for forged in ("", "AAAA", "%%%", "x" * 5000):
        answer = post(town, "/twilio/inbound", inbound_parameters(Body="I want to die"), signed=forged)
        assert answer.status_code == 403
    assert count(town, InboundMessage) == 0


def test_a_right_signature_over_other_words_is_refused(town: Town) -> None:
    parameters = inbound_parameters(Body="7")
    signed = signature("/twilio/inbound", parameters)
    assert post(town, "/twilio/inbound", parameters | {"Body": "STOP"}, signed).status_code == 403
    assert post(town, "/twilio/inbound", parameters | {"From": STRANGER}, signed).status_code == 403
    assert post(town, "/twilio/inbound?a=1", parameters, signed).status_code == 403
    assert (
        post(town, "/twilio/inbound", parameters, signature("/twilio/inbound", parameters, "0" * 32)).status_code == 403
    )
    assert count(town, InboundMessage) == 0


def test_a_forged_report_changes_nothing(town: Town) -> None:
    town.enrol_patient()
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
        path = f"/twilio/status/{welcome.reference}"
    parameters = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered"}
    assert post(town, path, parameters, signed="forged").status_code == 403
    assert count(town, DeliveryReport) == 0


def test_parameters_that_the_carrier_adds_one_day_are_signed_and_kept_too(town: Town) -> None:
    town.enrol_patient()
    assert post_inbound(town, Body="hello there", SomethingNew="\N{SNOWMAN} & more").status_code == 200
    [text] = kept(town)
    assert "SomethingNew" in text.parameters


def test_a_report_of_no_text_of_ours_is_taken_and_forgotten(town: Town) -> None:
    for reference in ("nonsense", "0" * 32 + "-" + "0" * 32, "-", "a" * 300):
        path = f"/twilio/status/{reference}"
        assert post(town, path, {"MessageSid": "SM1", "MessageStatus": "delivered"}).status_code == 204
    assert count(town, DeliveryReport) == 0


# The same text twice


def test_the_same_text_twice_is_one_row_and_the_same_answer(any_town: Town) -> None:
    town = any_town
    town.enrol_patient()
    parameters = inbound_parameters(Body="I don't want to be here anymore")
    first, second = (post(town, "/twilio/inbound", parameters) for _ in range(2))
    assert "988" in first.text
    assert second.text == first.text
    assert (first.status_code, second.status_code) == (200, 200)
    assert len(kept(town)) == 1
    assert len(town.cases()) == 1
    with town.inside():
        crises = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.kind == "crisis")
        assert db.session.scalar(crises) == 1


def test_a_text_replayed_after_its_answer_arrived_gets_no_second_answer(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient()).texts("HELP")
    before = len(ana.received)
    [text] = kept(town)
    answer = post_inbound(town, From=ana.number, Body="HELP", MessageSid=text.message_sid)
    assert "<Message" not in answer.text
    town.settle()
    assert len(ana.received) == before
    assert len(kept(town)) == 1


def test_the_same_words_in_two_texts_are_two_texts(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("7").texts("7")
    assert len(kept(town)) == 2


def test_a_text_without_an_id_is_kept_once(town: Town) -> None:
    parameters = inbound_parameters(MessageSid="", Body="hello there", FromCity="Reno")
    for _ in range(2):
        assert post(town, "/twilio/inbound", parameters).status_code == 200
    assert len(kept(town)) == 1


def test_a_report_told_twice_and_out_of_order_never_goes_back(town: Town) -> None:
    town.enrol_patient()
    town.settle()
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
        path, sid = f"/twilio/status/{welcome.reference}", welcome.message_sid or ""
    for status in ("delivered", "sent", "queued", "sent", "delivered", "odd"):
        assert post(town, path, {"MessageSid": sid, "MessageStatus": status}).status_code == 204
    with town.inside():
        [welcome] = db.session.scalars(select(OutboundMessage))
        assert (welcome.state, welcome.carrier_status) == ("delivered", "delivered")
    assert count(town, DeliveryReport) == 4


# Strange texts


def test_an_unknown_number_is_kept_screened_answered_neutrally_and_seen(any_town: Town) -> None:
    town = any_town
    stranger = town.phone(STRANGER)
    stranger.texts("Is this the pizza place?")
    assert "This is an automated line" in stranger.news[-1]
    [text] = kept(town)
    assert (text.disposition, text.patient_id) == ("escalation", None)
    [case] = town.cases()
    assert (case.priority, case.patient_id) == (2, None)
    stranger.texts("I am going to kill myself tonight")
    assert "Call or text 988 now" in stranger.news[-1]
    [case] = town.cases()
    assert case.priority == 4
    assert "STAT case 1." in town.phone_of(town.noor).received[-1]


def test_two_strangers_have_two_cases(town: Town) -> None:
    town.phone(STRANGER).texts("hello")
    town.phone("+15555550178").texts("hello")
    assert len(town.cases()) == 2


def test_a_photo_without_words_reaches_a_person(town: Town) -> None:
    ana = town.phone_of(town.enrol_patient())
    ana.texts("", media=1)
    [case] = town.cases()
    assert case.priority == 2
    assert "988" in ana.news[-1]


STRANGE_WORDS = (
    "",
    " \n\t ",
    "lorem ipsum " * 133,
    "\N{PERSON WITH FOLDED HANDS}\N{BROKEN HEART}",
    "a\x00b\x07c\x1b[31m",
    "h\u0335e\u0336l\u0337l\u0338o\u202e tset",
    "\u200b\u200b\u2060",
    "\ufffd\ufffd",
    "'; DROP TABLE patients; --",
    "<Response><Message>hi</Message></Response>",
    "{clinic} %s {0}",
)


def test_whatever_a_phone_sends_is_kept_word_for_word_and_seen(any_town: Town) -> None:
    town = any_town
    town.enrol_patient()
    for words in STRANGE_WORDS:
        assert post_inbound(town, Body=words).status_code == 200
    assert [text.body for text in kept(town)] == list(STRANGE_WORDS)
    assert {text.disposition for text in kept(town)} == {"escalation"}
    [case] = town.cases()
    with town.inside():
        seen = set(db.session.scalars(select(ConcernRow.inbound_id).where(ConcernRow.escalation_id == case.id)))
    assert seen == {text.id for text in kept(town)}


def test_half_an_emoji_is_kept_and_seen(any_town: Town) -> None:
    """The carrier's list is JSON, which can hold what no signed form can."""
    town = any_town
    town.enrol_patient()
    broken = ["\ud83d", "\udc80 7 \udfff", "I want to die \ud800"]
    for words in broken:
        with town.inside():
            inbox.understand(inbox.receive(inbound_parameters(Body=words), town.house), town.house, by="rest")
    assert [text.body for text in kept(town)] == broken
    [case] = town.cases()
    assert case.priority == 4


STRANGE_FIELDS: tuple[dict[str, str], ...] = (
    {"From": ""},
    {"From": "ANONYMOUS"},
    {"From": "266696687"},
    {"From": "client:\N{SNOWMAN}"},
    {"NumMedia": "many"},
    {"NumMedia": "-1"},
    {"NumMedia": "9" * 50},
    {"MessageSid": "x" * 500},
    {"MessageSid": "\N{SNOWMAN}"},
    {"FromCity": "Ciudad Juárez"},
)


def test_a_strange_sender_or_field_does_not_lose_the_words(any_town: Town) -> None:
    town = any_town
    for strange in STRANGE_FIELDS:
        assert post_inbound(town, **({"Body": "I want to die"} | strange)).status_code == 200
    found = [(text.disposition, text.priority) for text in kept(town)]
    assert found == [("escalation", 4)] * len(STRANGE_FIELDS)


def test_a_text_to_a_number_that_no_clinic_has_goes_to_the_operator(
    any_town: Town, request: pytest.FixtureRequest
) -> None:
    town = any_town
    request.node.user_properties.append(("breaks_on_purpose", "S7"))  # that there is nobody is the story
    town.house = town.app.extensions[HOUSE] = replace(town.house, operator_contact="+15555550190")
    answer = post_inbound(town, To="+15555550999", From=STRANGER, Body="I want to die")
    assert "988" in answer.text
    town.settle()
    [text] = kept(town)
    assert text.clinic_id == UNROUTED
    with town.inside():
        [page] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.kind == "page"))
    assert page.to_number == "+15555550190"


# Enrolment


def wrong_everywhere(**changed: Any) -> dict[str, Any]:
    return {
        "given_name": " ",
        "family_name": "R\x00",
        "phone": "555-0120",
        "timezone": "Mars/Olympus",
        "language": "tlh",
        "country": "XX",
        "track": "fun",
        "flags": ["brave"],
        "baseline": {"mood": 11, "pain": -1},
        "consent": Consent(datetime(2035, 1, 1), "telepathy", ""),  # noqa: DTZ001 - a naive time is the point
    } | changed


def test_an_enrolment_names_every_wrong_field_and_saves_nothing(any_town: Town) -> None:
    town = any_town
    with pytest.raises(Invalid) as refused:
        town.enrol_patient(number="555-0120", **{k: v for k, v in wrong_everywhere().items() if k != "phone"})
    assert set(refused.value.faults) == {
        "given_name", "family_name", "phone", "timezone", "language", "country", "track", "flags", "baseline.mood",
        "baseline.pain", "consent.method", "consent.given_at", "consent.evidence",
    }  # fmt: skip
    assert count(town, Patient) == count(town, ConsentEvent) == count(town, OutboundMessage) == 0


WRONG_FIELDS: tuple[tuple[str, object, str], ...] = (
    ("number", "4155550120", "international form"),
    ("number", "+1415555", "international form"),
    ("number", "+14155550120; DROP", "international form"),
    ("number", "+34600123456", "starts with +1"),
    ("timezone", "", "America/New_York"),
    ("timezone", "EST5EDT4,M3", "America/New_York"),
    ("timezone", "../../etc/passwd", "America/New_York"),
    ("timezone", "America", "America/New_York"),
    ("baseline", {"mood": 7.5}, "0 to 10"),
    ("baseline", {"pain": True}, "0 to 10"),
    ("consent", Consent(A_TUESDAY + timedelta(days=9), "written", "form 12"), "future"),
)


def test_a_wrong_field_is_named_with_its_remedy(town: Town) -> None:
    for field, value, advice in WRONG_FIELDS:
        with pytest.raises(Invalid) as refused:
            town.enrol_patient(**{field: value})  # type: ignore[arg-type] # wrong on purpose
        [(name, fault)] = refused.value.faults.items()
        assert name.split(".")[0] == ("phone" if field == "number" else field)
        assert advice in fault
        assert "DROP" not in fault
    assert count(town, Patient) == 0


def test_the_same_number_twice_at_one_clinic_is_refused_and_at_two_clinics_it_is_not(town: Town) -> None:
    town.enrol_patient()
    with pytest.raises(Invalid) as refused:
        town.enrol_patient("+1 555 555 0120", given_name="Eva")
    assert set(refused.value.faults) == {"phone"}
    town.enrol_patient(clinic=town.other_clinic)
    assert count(town, Patient) == 2


WRONG_TREATMENTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"ended_at": datetime(2035, 3, 6, 9)}, "ended_at"),  # noqa: DTZ001 - a naive time is the point
    ({"ended_at": A_TUESDAY + timedelta(days=3)}, "ended_at"),
    ({"ended_at": A_TUESDAY - timedelta(days=400)}, "ended_at"),
    ({"route": "by mouth"}, "route"),
    ({"setting": "garden"}, "setting"),
    ({"baseline": {"pain": 12}}, "baseline.pain"),
)


def test_a_wrong_treatment_plans_nothing(town: Town) -> None:
    ana = town.enrol_patient()
    for wrong, field in WRONG_TREATMENTS:
        with pytest.raises(Invalid) as refused:
            town.treat(ana, **wrong)
        assert set(refused.value.faults) == {field}
    assert count(town, Treatment) == count(town, CheckIn) == 0


def test_a_wrong_member_of_staff_is_refused_field_by_field(town: Town) -> None:
    before = count(town, Staff)
    with town.inside(), pytest.raises(Invalid) as refused:
        setting_up.add_staff(town.clinic, town.clock.now(), name="", email="no mail", phone="123", role="boss")
    assert set(refused.value.faults) == {"name", "email", "phone", "role"}
    now = town.clock.now()
    with town.inside(), pytest.raises(Invalid) as refused:
        setting_up.add_shift(town.noor, now, starts_at=now, ends_at=now - timedelta(hours=1), weekly=False)
    assert set(refused.value.faults) == {"until"}
    assert count(town, Staff) == before


def test_a_clinic_whose_name_leaves_no_room_for_the_crisis_text_is_refused(town: Town) -> None:
    with town.inside(), pytest.raises(Invalid) as refused:
        setting_up.add_clinic(
            town.house.clinical, town.clock.now(), name="The Very Long Name of a Clinic for the Treatment of " * 2,
            number="+15555550300", timezone="America/New_York", country="US",
        )  # fmt: skip
    assert set(refused.value.faults) == {"name"}


def test_a_treatment_of_a_discharged_patient_is_refused(town: Town) -> None:
    ana = town.enrol_patient()
    with town.inside():
        standing.set_standing((ana.clinic_id, ana.id), "discharge", "test", town.house)
        fresh = enrolment.patient_of(ana.clinic_id, ana.id)
        with pytest.raises(Conflict):
            treatments.record_treatment(fresh, NewTreatment(ended_at=town.clock.now()), "test", town.house)
