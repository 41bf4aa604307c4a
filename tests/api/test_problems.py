"""Whatever goes wrong under the API's address is a problem; elsewhere nothing changes."""

import json

import pytest

from tests.api.caller import ANA, Caller, faults_of, problem_of
from tests.town import Town


def _post(call: Caller, data: bytes, content_type: str = "application/json") -> object:
    return call.town.app.test_client().post(
        "/api/v1/patients",
        data=data,
        headers={"Authorization": f"Bearer {call.token}", "Content-Type": content_type},
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"given_name": ' + b"9" * 5000 + b"}", b"undefined"],
    ids=["empty", "half", "not UTF-8", "nested", "endless number", "no JSON"],
)
def test_it_refuses_what_is_not_json(shared: Caller, data: bytes) -> None:
    assert problem_of(_post(shared, data), 400)["detail"] == "The body is not JSON."  # type: ignore[arg-type] # a response


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_it_refuses_other_content_types(shared: Caller, content_type: str) -> None:
    problem_of(_post(shared, json.dumps(ANA).encode(), content_type), 415)  # type: ignore[arg-type] # a response


def test_it_refuses_too_much(shared: Caller) -> None:
    problem_of(_post(shared, b'"' + b"x" * 3_000_000 + b'"'), 413)  # type: ignore[arg-type] # a response


@pytest.mark.parametrize("data", [b"null", b"[]", b'"Ana"', b"7", b"true"])
def test_it_wants_an_object(shared: Caller, data: bytes) -> None:
    assert faults_of(_post(shared, data))  # type: ignore[arg-type] # a response


def test_it_answers_unknown_addresses_and_methods(town: Town, call: Caller) -> None:
    problem_of(call("GET", "/nothing"), 404)
    problem_of(call("GET", ""), 404)
    problem_of(call("GET", "/patients/7"), 404)
    answer = call("DELETE", "/patients")
    problem_of(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    elsewhere = town.app.test_client().get("/nothing-here")
    assert elsewhere.status_code == 404
    assert elsewhere.content_type != "application/problem+json"


def test_it_names_unknown_fields_only_in_plain_letters(shared: Caller) -> None:
    assert list(faults_of(shared("POST", "/patients", ANA | {"nickname": "x"}))) == ["nickname"]
    assert list(faults_of(shared("POST", "/patients", ANA | {"I feel awful": "x"}))) == ["body"]
    inside = {"given_at": "2035-03-01T10:00:00Z", "method": "written", "evidence": "f", "Señal 9": 1}
    assert list(faults_of(shared("POST", "/patients", ANA | {"consent": inside}))) == ["consent"]


def test_it_refuses_unknown_questions(shared: Caller) -> None:
    assert list(faults_of(shared("GET", "/patients?order=name"))) == ["order"]
    assert list(faults_of(shared("GET", "/escalations?state=forgotten"))) == ["state"]


def test_it_hides_what_failed_inside(town: Town, call: Caller) -> None:
    @town.app.before_request
    def break_down() -> None:
        raise RuntimeError("+15555550120 said something private")

    answer = call("GET", "/patients")
    problem_of(answer, 500)
    assert "private" not in answer.text
