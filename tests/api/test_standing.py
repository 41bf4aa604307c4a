"""Consent, its end, and whose number it is, over the API; each act with its evidence, and each answer saying why."""

from datetime import timedelta

import pytest

from tests.api.caller import ANA, Caller, faults_of, problem_of
from tests.town import Town

SEEN = {"evidence": "note of Tuesday, in the chart"}
NEW = "+15555550130"


@pytest.fixture
def ana(town: Town, call: Caller) -> str:
    """Ana's path, once she was welcomed."""
    path = f"/patients/{call.post('/patients', ANA)['id']}"
    town.settle()
    return path


def test_consent_is_taken_back_and_given_anew(town: Town, call: Caller, ana: str) -> None:
    out = call.post(f"{ana}/opt-out", SEEN | {"method": "email"}, status=200)
    assert out["opted_out_at"] is not None
    assert out["refused_because"] == "opted out"
    town.clock.advance(timedelta(minutes=1))
    older = call("POST", f"{ana}/consent", ANA["consent"])
    assert list(faults_of(older)) == ["given_at"]
    given = {"given_at": town.clock.now().isoformat(), "method": "verbal", "evidence": "call of today"}
    again = call.post(f"{ana}/consent", given, status=200)
    assert (again["opted_out_at"], again["refused_because"]) == (None, None)
    assert again["consent"]["evidence"] == "call of today"


def test_it_says_plainly_that_only_start_lifts_the_carriers_block(town: Town, call: Caller, ana: str) -> None:
    town.phone("+15555550120").texts("STOP")
    town.clock.advance(timedelta(minutes=1))
    given = {"given_at": town.clock.now().isoformat(), "method": "verbal", "evidence": "call of today"}
    shown = call.post(f"{ana}/consent", given, status=200)
    assert shown["carrier_blocked_at"] is not None
    assert "START" in shown["refused_because"]


def test_a_new_number_waits_for_its_yes(town: Town, call: Caller, ana: str) -> None:
    changed = call("PATCH", ana, {"phone": NEW}).get_json()
    assert (changed["phone"], changed["pending_phone"]) == ("+15555550120", NEW)
    assert changed["refused_because"] == "the new number is not confirmed yet"
    town.settle()
    town.phone(NEW).texts("1")
    shown = call.get(ana)
    assert (shown["phone"], shown["pending_phone"], shown["refused_because"]) == (NEW, None, None)


def test_doubt_about_a_number_is_recorded_and_ended(call: Caller, ana: str) -> None:
    assert list(faults_of(call("POST", f"{ana}/quarantine", {"evidence": " "}))) == ["evidence"]
    assert call.post(f"{ana}/quarantine", SEEN, status=200)["quarantined_at"] is not None
    assert call.post(f"{ana}/verify-number", SEEN, status=200)["quarantined_at"] is None
    problem_of(call("POST", f"{ana}/verify-number", SEEN), 409)
    problem_of(call("POST", f"{ana}/confirm-number", SEEN), 409)


def test_a_hold_ends_only_in_a_clinicians_name(town: Town, call: Caller, ana: str) -> None:
    town.phone("+15555550120").texts("I want to die")
    assert call.post(f"{ana}/resume", status=200)["held_at"] is not None
    refused = problem_of(call("POST", f"{ana}/resume", {"staff_id": str(town.noor.id)}), 409)
    assert "only a clinician" in refused["detail"]
    ended = call.post(f"{ana}/resume", {"staff_id": str(town.vera.id), "note": "safe"}, status=200)
    assert ended["held_at"] is None
    assert ended["hold_ended_at"] is not None
    told = call.get(f"{ana}/timeline")["items"]
    assert any(entry["text"] == "Hold ended by Vera Lindqvist" and entry["detail"] == "safe" for entry in told)


def test_after_a_death_nothing_can_be_asked_for(call: Caller, ana: str) -> None:
    shown = call.post(f"{ana}/deceased", SEEN, status=200)
    assert shown["deceased_at"] is not None
    assert shown["refused_because"] == "deceased"
    problem_of(call("POST", f"{ana}/messages", {"body": "How are you?"}), 409)
    problem_of(call("POST", f"{ana}/resume"), 409)
    problem_of(call("POST", f"{ana}/consent", ANA["consent"]), 409)


def test_a_minor_is_refused_with_what_to_do(call: Caller) -> None:
    said = faults_of(call("POST", "/patients", ANA | {"born_on": "2020-02-29"}))
    assert "policy for minors" in said["born_on"]
    assert list(faults_of(call("POST", "/patients", ANA | {"born_on": "2020-02-30"}))) == ["born_on"]
    ana = call.post("/patients", ANA | {"born_on": "1990-02-28"})
    assert ana["born_on"] == "1990-02-28"
    assert call("PATCH", f"/patients/{ana['id']}", {"born_on": "1991-01-01"}).get_json()["born_on"] == "1991-01-01"
