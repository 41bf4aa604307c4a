"""Callers of the API: one with every scope, and one of another clinic."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.caller import ANA, TREATMENT, Caller
from tests.town import Town


@pytest.fixture
def call(town: Town) -> Caller:
    return Caller(town, town.token())


@pytest.fixture
def cass_calls(town: Town) -> Caller:
    """The system of the clinic that must see nothing."""
    return Caller(town, town.token(clinic=town.other_clinic))


@pytest.fixture(scope="module")
def shared(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A caller for the many tests of one file that leave nothing behind."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(empty_sqlite, folder / "aftercare.db")
    town = Town(f"sqlite:///{folder}/aftercare.db", folder)
    town.found_clinics()
    yield Caller(town, town.token())
    town.close()


@pytest.fixture
def ids(town: Town, call: Caller) -> dict[str, str]:
    """A town in which there is something to find: Ana, whose text has opened a case."""
    ana = call.post("/patients", ANA)
    treatment = call.post(f"/patients/{ana['id']}/treatments", TREATMENT)
    town.phone("+15555550120").texts("I want to die")
    (case,) = call.get("/escalations")["items"]
    return {
        "patient_id": ana["id"],
        "treatment_id": treatment["id"],
        "escalation_id": case["id"],
        "staff_id": str(town.noor.id),
        "clinician_id": str(town.vera.id),
    }
