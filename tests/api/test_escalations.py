"""Cases, texts and the timeline over the API: read as they are, acted on in a person's name."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.store.audit import AuditEvent
from backend.store.database import db
from tests.api.caller import ANA, TREATMENT, Caller, faults_of, problem_of
from tests.town import Town

SAID = "slept badly. I want to die"


@pytest.fixture
def ana(call: Caller) -> str:
    found: str = call.post("/patients", ANA)["id"]
    return found


@pytest.fixture
def case(town: Town, call: Caller, ana: str) -> dict[str, Any]:
    """What Ana's text opened."""
    town.phone("+15555550120").texts(SAID)
    (found,) = call.get("/escalations?state=open")["items"]
    shown: dict[str, Any] = call.get(f"/escalations/{found['id']}")
    return shown


def test_it_says_why_in_the_patients_own_words(case: dict[str, Any], ana: str) -> None:
    assert (case["number"], case["priority"], case["state"], case["patient_id"]) == (1, "stat", "open", ana)
    worst = case["concerns"][0]
    assert worst["priority"] == "stat"
    assert worst["rule"]
    assert worst["why"]
    start, end = worst["span"]
    assert worst["quote"] == SAID[start:end]
    assert [event["kind"] for event in case["events"]][:2] == ["opened", "paged"]


def test_a_person_takes_and_closes_it(town: Town, call: Caller, case: dict[str, Any]) -> None:
    path = f"/escalations/{case['id']}"
    taken = call.post(f"{path}/acknowledge", {"staff_id": str(town.noor.id)}, status=200)
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", str(town.noor.id))
    problem_of(call("POST", f"{path}/acknowledge", {"staff_id": str(town.vera.id)}), 409)
    closed = call.post(
        f"{path}/resolve", {"staff_id": town.vera.email, "outcome": "reached", "note": "spoke with her"}, status=200
    )
    assert (closed["state"], closed["outcome"], closed["resolved_by"]) == ("resolved", "reached", str(town.vera.id))
    assert closed["events"][-1]["detail"] == "spoke with her"
    problem_of(call("POST", f"{path}/resolve", {"staff_id": str(town.vera.id), "outcome": "reached"}), 409)
    assert call.get("/escalations?state=open")["items"] == call.get("/escalations?state=acknowledged")["items"] == []
    assert len(call.get("/escalations?state=resolved")["items"]) == 1


def test_the_record_names_the_person_and_the_token(town: Town, call: Caller, case: dict[str, Any]) -> None:
    call.post(f"/escalations/{case['id']}/acknowledge", {"staff_id": str(town.noor.id)}, status=200)
    with town.inside():
        lines = db.session.scalars(select(AuditEvent).where(AuditEvent.subject == case["id"])).all()
        by = {line.action: (line.actor, line.detail) for line in lines}
    assert by["acknowledged"] == (f"staff:{town.noor.id}", "api")
    assert by["acted_for_staff"][0].startswith("token:")
    assert by["acted_for_staff"][1] == f"staff:{town.noor.id}"


def test_only_our_own_active_staff_can_be_named(town: Town, call: Caller, case: dict[str, Any]) -> None:
    path = f"/escalations/{case['id']}"
    for named in (str(town.cass.id), town.cass.email, "nobody@clinic.example", case["id"]):
        assert list(faults_of(call("POST", f"{path}/acknowledge", {"staff_id": named}))) == ["staff_id"]
    assert list(faults_of(call("POST", f"{path}/acknowledge", {}))) == ["staff_id"]
    assert list(faults_of(call("POST", f"{path}/resolve", {"outcome": "reached"}))) == ["staff_id"]
    problem_of(call("POST", f"{path}/acknowledge", {"staff_id": str(town.ada.id)}), 409)
    assert call.get(path)["state"] == "open"


def test_it_takes_no_case_to_its_end_without_an_outcome(town: Town, call: Caller, case: dict[str, Any]) -> None:
    path = f"/escalations/{case['id']}/resolve"
    who = {"staff_id": str(town.noor.id)}
    assert list(faults_of(call("POST", path, who))) == ["outcome"]
    assert list(faults_of(call("POST", path, who | {"outcome": "gone"}))) == ["outcome"]
    assert list(faults_of(call("POST", path, who | {"outcome": "false_alarm"}))) == ["note"]
    assert call.get(f"/escalations/{case['id']}")["state"] == "open"


def test_it_shows_texts_both_ways_newest_first(call: Caller, ana: str, case: dict[str, Any]) -> None:
    texts = call.get(f"/patients/{ana}/messages")["items"]
    assert [text["at"] for text in texts] == sorted((text["at"] for text in texts), reverse=True)
    (came,) = [text for text in texts if text["direction"] == "in"]
    assert (came["body"], came["state"], came["escalation_id"]) == (SAID, "escalation", case["id"])
    assert {text["kind"] for text in texts if text["direction"] == "out"} >= {"welcome", "crisis"}


def test_it_texts_the_patient(town: Town, call: Caller, ana: str) -> None:
    town.settle()  # her welcome, which may otherwise leave at the same moment
    sent = call.post(f"/patients/{ana}/messages", {"body": "Please call us.", "staff_id": town.noor.email})
    assert (sent["direction"], sent["state"], sent["body"]) == ("out", "queued", "Please call us.")
    town.settle()
    assert "Please call us." in town.phone("+15555550120").received[-1]
    assert call.get(f"/patients/{ana}/messages")["items"][0]["state"] in ("sent", "delivered")


@pytest.mark.parametrize("body", ["", "  ", "x" * 2000, "see you \U0001f600", None, 7])
def test_it_refuses_words_that_cannot_be_sent(call: Caller, ana: str, body: Any) -> None:
    answer = call("POST", f"/patients/{ana}/messages", {"body": body})
    assert list(faults_of(answer)) == ["body"]
    assert "\U0001f600" not in answer.get_data(as_text=True)
    assert "ud83d" not in answer.text


def test_it_texts_nobody_who_left(town: Town, call: Caller, ana: str) -> None:
    town.phone("+15555550120").texts("STOP")
    assert "opted out" in problem_of(call("POST", f"/patients/{ana}/messages", {"body": "Hello"}), 409)["detail"]


def test_it_tells_the_whole_story(call: Caller, ana: str, case: dict[str, Any]) -> None:
    call.post(f"/patients/{ana}/treatments", TREATMENT)
    story = call.get(f"/patients/{ana}/timeline")["items"]
    assert {entry["kind"] for entry in story} >= {
        "treatment",
        "check_in",
        "text_in",
        "text_out",
        "consent",
        "case_opened",
    }
    assert SAID in [entry["text"] for entry in story]
