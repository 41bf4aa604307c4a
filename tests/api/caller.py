"""A clinic's own system that calls the API, and what it posts."""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from tests.town import Town

ANA = {
    "external_id": "ehr-1",
    "given_name": "Ana",
    "family_name": "Reyes",
    "phone": "+15555550120",
    "timezone": "America/New_York",
    "language": "en",
    "country": "US",
    "track": "both",
    "flags": ["bipolar"],
    "consent": {"given_at": "2035-03-01T10:00:00-05:00", "method": "written", "evidence": "form 12"},
    "baseline": {"mood": 5, "pain": 6},
}
TREATMENT = {"ended_at": "2035-03-06T09:00:00-05:00", "route": "iv", "setting": "clinic", "escort": True}


@dataclass
class Caller:
    """Calls with one token; JSON in, `TestResponse` out."""

    town: Town
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} | self.headers
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        given = {} if body is None else {"json": body}
        return self.town.app.test_client().open(f"/api/v1{path}", method=method, headers=sent, **given)

    def get(self, path: str) -> Any:
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def post(self, path: str, body: Any = None, status: int = 201, **headers: str) -> Any:
        answer = self("POST", path, body, **headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def all_pages(self, path: str, limit: int) -> list[Any]:
        """Every item of a list, page by page."""
        items: list[Any] = []
        mark = "&" if "?" in path else "?"
        page = self.get(f"{path}{mark}limit={limit}")
        while True:
            assert len(page["items"]) <= limit
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            page = self.get(f"{path}{mark}limit={limit}&cursor={page['next_cursor']}")


def problem_of(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem an answer carries, checked to be one."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = answer.get_json()
    assert set(found) == {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    return found


def faults_of(answer: TestResponse) -> dict[str, str]:
    """Which fields a 422 names, and what it says of each."""
    return {fault["field"]: fault["message"] for fault in problem_of(answer, 422)["errors"]}
