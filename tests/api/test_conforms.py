"""The API does what its description says, for whatever schemathesis makes up from it."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema

from tests.api.caller import Caller
from tests.api.operations import OPERATIONS, filled
from tests.town import Town

# No schema can say that a number must be of the patient's country, a zone must exist or a time must be past: a 422 that
# names the field is then the promised answer.
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422"]}}}
)
SOME = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@pytest.fixture
def described(town: Town, ids: dict[str, str]) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app=town.app, config=CONFIG)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_it_answers_as_described(
    described: BaseSchema, ids: dict[str, str], call: Caller, mode: GenerationMode
) -> None:
    answered: Counter[int] = Counter()
    operations = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    for operation in operations:
        answered += _tried(operation, ids, call, mode)
    assert len(operations) == 28
    assert answered[200 if mode is GenerationMode.POSITIVE else 422] > 30


def _tried(
    operation: APIOperation[Any, Any, Any, Any], ids: dict[str, str], call: Caller, mode: GenerationMode
) -> Counter[int]:
    """Every check that schemathesis has, on cases it makes up; how often each status came."""
    answered: Counter[int] = Counter()

    @SOME
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers_as_described(case: Case[Any]) -> None:
        for name in ids.keys() & (case.path_parameters.keys() if mode is GenerationMode.POSITIVE else ()):
            case.path_parameters[name] = ids[name]
        answered[case.call_and_validate(headers={"Authorization": f"Bearer {call.token}"}).status_code] += 1

    answers_as_described()
    return answered


def test_it_describes_what_succeeds(described: BaseSchema, ids: dict[str, str], call: Caller) -> None:
    for method, path, body, _ in OPERATIONS:
        named = {name: ids[name] for name in ("patient_id", "treatment_id", "escalation_id") if f"{{{name}}}" in path}
        given_body = {"body": filled(body, ids)} if body else {}
        case = described[f"/api/v1{path}"][method].Case(path_parameters=named, **given_body)
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {call.token}"})
        assert answer.status_code in (200, 201), (method, path)
