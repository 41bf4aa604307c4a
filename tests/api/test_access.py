"""Who may: a token of the clinic with the scope; everybody else learns nothing."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.services.accounts import SCOPES
from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.staff import ApiToken
from backend.store.work import transaction
from tests.api.caller import ANA, TREATMENT, Caller, problem_of
from tests.town import Town

# Every operation: method, path, a body that would be taken, and the scopes it needs.
OPERATIONS: list[tuple[str, str, Any, set[str]]] = [
    ("POST", "/patients", ANA | {"phone": "+15555550177", "external_id": "ehr-2"}, {"patients:write"}),
    ("GET", "/patients", None, {"patients:read"}),
    ("GET", "/patients/{patient}", None, {"patients:read"}),
    ("PATCH", "/patients/{patient}", {"given_name": "Anna"}, {"patients:write"}),
    ("POST", "/patients/{patient}/pause", None, {"patients:write"}),
    ("POST", "/patients/{patient}/resume", None, {"patients:write"}),
    ("POST", "/patients/{patient}/treatments", TREATMENT, {"patients:write"}),
    ("GET", "/patients/{patient}/treatments", None, {"patients:read"}),
    ("GET", "/check-ins", None, {"patients:read"}),
    ("GET", "/patients/{patient}/timeline", None, {"patients:read", "messages:read", "escalations:read"}),
    ("GET", "/patients/{patient}/messages", None, {"messages:read"}),
    ("POST", "/patients/{patient}/messages", {"body": "Please call us."}, {"messages:write"}),
    ("GET", "/escalations", None, {"escalations:read"}),
    ("GET", "/escalations/{case}", None, {"escalations:read"}),
    ("POST", "/escalations/{case}/acknowledge", {"staff_id": "{staff}"}, {"escalations:write"}),
    ("POST", "/escalations/{case}/resolve", {"staff_id": "{staff}", "outcome": "reached"}, {"escalations:write"}),
    ("POST", "/patients/{patient}/discharge", None, {"patients:write"}),
]
ABOUT_ONE = [operation for operation in OPERATIONS if "{" in operation[1]]


@pytest.fixture
def ids(town: Town, call: Caller) -> dict[str, str]:
    """Ana, whose text has opened a case."""
    ana = call.post("/patients", ANA)
    town.phone("+15555550120").texts("I want to die")
    (case,) = call.get("/escalations")["items"]
    return {"patient": ana["id"], "case": case["id"], "staff": str(town.noor.id)}


def _filled(body: Any, ids: dict[str, str]) -> Any:
    return body and {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}


def test_every_operation_is_tried_here(call: Caller) -> None:
    described = call.get("/openapi.json")["paths"]
    assert sum(len(path) for path in described.values()) == len(OPERATIONS)


def test_it_lets_a_token_with_just_the_scopes_in(town: Town, ids: dict[str, str]) -> None:
    for method, path, body, scopes in OPERATIONS:
        answer = Caller(town, town.token(*scopes))(method, path.format(**ids), _filled(body, ids))
        assert answer.status_code in (200, 201), (method, path, answer.text)
        assert answer.headers["Cache-Control"] == "no-store"


def test_it_refuses_a_token_that_lacks_a_scope(town: Town, ids: dict[str, str]) -> None:
    for method, path, body, scopes in OPERATIONS:
        for lacking in scopes:
            others = Caller(town, town.token(*(set(SCOPES) - {lacking})))
            answer = others(method, path.format(**ids), _filled(body, ids))
            assert lacking in problem_of(answer, 403)["detail"]
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_it_finds_nothing_of_another_clinic(town: Town, ids: dict[str, str], cass_calls: Caller) -> None:
    with town.inside():
        before = _acts()
    for method, path, body, _ in ABOUT_ONE:
        ours = {"staff": str(town.cass.id)}
        problem_of(cass_calls(method, path.format(**ids), _filled(body, ids | ours)), 404)
    for listed in ("/patients", "/check-ins", "/escalations", f"/check-ins?patient_id={ids['patient']}"):
        assert cass_calls.get(listed)["items"] == []
    with town.inside():
        assert _acts() == before


def _acts() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer aftercare_x", "Basic YTpi", "Bearer \xff\xfe"])
def test_it_refuses_what_is_no_token(town: Town, header: str) -> None:
    for method, path, body, _ in OPERATIONS:
        nobody = "01890a5d-ac96-774b-bcce-b302099a8057"
        filled = path.format(patient=nobody, case=nobody)
        answer = town.app.test_client().open(
            f"/api/v1{filled}", method=method, json=body, headers={"Authorization": header}
        )
        problem_of(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_it_refuses_a_revoked_token(town: Town, call: Caller) -> None:
    call.get("/patients")
    with town.inside(), transaction() as session:
        session.scalars(select(ApiToken)).one().revoked_at = town.clock.now()
    problem_of(call("GET", "/patients"), 401)


def test_it_puts_every_look_on_record(town: Town, ids: dict[str, str]) -> None:
    reader = Caller(town, town.token("patients:read", "messages:read", "escalations:read"))
    looks = {
        "/patients": ("patient_viewed", "patient"),
        "/patients/{patient}": ("patient_viewed", "patient"),
        "/patients/{patient}/treatments": ("treatments_viewed", "patient"),
        "/patients/{patient}/timeline": ("timeline_viewed", "patient"),
        "/patients/{patient}/messages": ("messages_viewed", "patient"),
        "/escalations": ("case_viewed", "case"),
        "/escalations/{case}": ("case_viewed", "case"),
    }
    for path, (action, about) in looks.items():
        with town.inside():
            before = db.session.scalars(select(AuditEvent.id)).all()
        reader.get(path.format(**ids))
        with town.inside():
            (line,) = db.session.scalars(select(AuditEvent).where(AuditEvent.id.not_in(before)))
            assert (line.action, line.subject) == (action, ids[about])
            assert line.actor.startswith("token:")


def test_it_describes_itself_to_anyone(town: Town) -> None:
    answer = town.app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    described = answer.get_json()
    assert described["openapi"] == "3.1.0"
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
