"""Pages: every row once, whatever the size of a page and whatever comes in between."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.services.invalid import Invalid
from backend.web.api.paging import Page, place_of
from tests.api.caller import ANA, TREATMENT, Caller, faults_of
from tests.town import Town


def _number(last: int) -> dict[str, str]:
    return {"phone": f"+155555501{last:02}", "external_id": f"ehr-{last}"}


@pytest.fixture
def five(town: Town, call: Caller) -> list[str]:
    """Five patients who each had a treatment and opened a case, all at one moment."""
    found = [call.post("/patients", ANA | _number(last))["id"] for last in range(20, 25)]
    for patient in found:
        call.post(f"/patients/{patient}/treatments", TREATMENT)
        call.post(f"/patients/{patient}/treatments", TREATMENT)
    for last in range(20, 25):
        town.phone(_number(last)["phone"]).texts("I want to die")
    return found


def test_every_row_comes_once(call: Caller, five: list[str]) -> None:
    lists = ["/patients", "/check-ins", "/escalations", "/check-ins?state=skipped"]
    lists += [f"/patients/{five[0]}/{what}" for what in ("treatments", "messages", "timeline")]
    for path in lists:
        (whole,) = [call.get(f"{path}{'&' if '?' in path else '?'}limit=200")["items"]]
        assert len({row["id"] for row in whole}) == len(whole) > 1
        for limit in (1, 3):
            assert call.all_pages(path, limit) == whole, (path, limit)


def test_a_row_that_comes_in_between_moves_no_other(call: Caller, five: list[str]) -> None:
    first = call.get("/patients?limit=2")
    late = call.post("/patients", ANA | _number(30))["id"]
    rest = call.get(f"/patients?limit=50&cursor={first['next_cursor']}")
    assert [row["id"] for row in first["items"] + rest["items"]] == [*five, late]


def test_a_cursor_serves_its_own_list_and_clinic(call: Caller, cass_calls: Caller, five: list[str]) -> None:
    cursor = call.get("/patients?limit=2")["next_cursor"]
    assert list(faults_of(call("GET", f"/escalations?cursor={cursor}"))) == ["cursor"]
    assert cass_calls.get(f"/patients?cursor={cursor}")["items"] == []


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "x", "", "1_0", "٣"])
def test_it_refuses_odd_limits(shared: Caller, limit: str) -> None:
    assert list(faults_of(shared("GET", f"/patients?limit={limit}"))) == ["limit"]


@settings(max_examples=300)
@given(
    st.one_of(st.text(max_size=200), st.binary(max_size=140).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
)
def test_no_cursor_breaks_it(cursor: str) -> None:
    with pytest.raises(Invalid):
        place_of(Page.model_validate({"cursor": cursor}), "patients")


@pytest.mark.parametrize(
    "inside", ['["patients", 1, "x"]', '["patients"]', "{}", '["patients", "2035-01-01T00:00:00", "' + "0" * 32 + '"]']
)
def test_no_forged_cursor_breaks_it(inside: str) -> None:
    with pytest.raises(Invalid):
        place_of(Page.model_validate({"cursor": base64.urlsafe_b64encode(inside.encode()).decode()}), "patients")
