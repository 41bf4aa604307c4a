"""Every operation of the API, each with a body that is taken."""

from typing import Any

from tests.api.caller import ANA, TREATMENT

SEEN = {"evidence": "note of Tuesday, in the chart"}
WHO = {"staff_id": "{staff_id}"}

# Method, path, body and the scopes it needs; in an order in which each can be done after those before it.
OPERATIONS: list[tuple[str, str, Any, set[str]]] = [
    ("POST", "/patients", ANA | {"phone": "+15555550177", "external_id": "ehr-2"}, {"patients:write"}),
    ("GET", "/patients", None, {"patients:read"}),
    ("GET", "/patients/{patient_id}", None, {"patients:read"}),
    ("PATCH", "/patients/{patient_id}", {"given_name": "Anna"}, {"patients:write"}),
    ("POST", "/patients/{patient_id}/pause", None, {"patients:write"}),
    ("POST", "/patients/{patient_id}/resume", None, {"patients:write"}),
    ("POST", "/patients/{patient_id}/resume", {"staff_id": "{clinician_id}", "note": "spoke"}, {"patients:write"}),
    ("POST", "/patients/{patient_id}/quarantine", SEEN, {"patients:write"}),
    ("POST", "/patients/{patient_id}/verify-number", SEEN, {"patients:write"}),
    ("PATCH", "/patients/{patient_id}", {"phone": "+15555550178"}, {"patients:write"}),
    ("POST", "/patients/{patient_id}/confirm-number", SEEN, {"patients:write"}),
    ("POST", "/patients/{patient_id}/consent", ANA["consent"], {"patients:write"}),
    ("POST", "/patients/{patient_id}/agree", SEEN | {"staff_id": "{clinician_id}"}, {"patients:write"}),
    ("POST", "/patients/{patient_id}/treatments", TREATMENT, {"patients:write"}),
    ("GET", "/patients/{patient_id}/treatments", None, {"patients:read"}),
    ("PATCH", "/patients/{patient_id}/treatments/{treatment_id}", {"route": "im"}, {"patients:write"}),
    (
        "POST",
        "/patients/{patient_id}/treatments/{treatment_id}/delete",
        {"because": "entered for the wrong patient"},
        {"patients:write"},
    ),
    (
        "POST",
        "/patients/{patient_id}/questionnaires",
        {"kind": "phq9", "total": 14, "item_9": 1, "taken_at": "2035-03-06T09:00:00-05:00"},
        {"patients:write"},
    ),
    ("GET", "/patients/{patient_id}/questionnaires", None, {"patients:read"}),
    ("GET", "/check-ins", None, {"patients:read"}),
    ("GET", "/patients/{patient_id}/timeline", None, {"patients:read", "messages:read", "escalations:read"}),
    ("GET", "/patients/{patient_id}/messages", None, {"messages:read"}),
    ("POST", "/patients/{patient_id}/messages", {"body": "Please call us."}, {"messages:write"}),
    ("GET", "/escalations", None, {"escalations:read"}),
    ("GET", "/escalations/{escalation_id}", None, {"escalations:read"}),
    ("POST", "/escalations/{escalation_id}/acknowledge", WHO, {"escalations:write"}),
    (
        "POST",
        "/escalations/{escalation_id}/resolve",
        WHO | {"outcome": "reached"},
        {"escalations:write"},
    ),
    ("POST", "/patients/{patient_id}/opt-out", SEEN | {"method": "phone"}, {"patients:write"}),
    ("POST", "/patients/{patient_id}/discharge", None, {"patients:write"}),
    ("POST", "/patients/{patient_id}/deceased", SEEN, {"patients:write"}),
]


def filled(body: Any, ids: dict[str, str]) -> Any:
    """The body with the ids of a town in it."""
    return body and {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
