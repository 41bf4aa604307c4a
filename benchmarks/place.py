"""A throw-away clinic to measure on: its folder, its database, its people, and its processes' environment."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from apiflask import APIFlask
from cryptography.fernet import Fernet
from flask_migrate import upgrade
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from backend.app import build_app
from backend.services.clinic import setting_up
from backend.store.check_ins import CheckIn
from backend.store.database import db, keyring
from backend.store.patients import Patient, Treatment
from backend.store.work import transaction
from backend.web.current import HOUSE
from benchmarks.processes import free_port
from config.settings import read_settings
from tests import postgres

CLINIC_NUMBER = "+15555550100"
ZONE = "America/New_York"
FIRST_PATIENT = 15555600000


@dataclass(frozen=True, slots=True)
class Place:
    """Where one measurement happens."""

    folder: Path
    database: str
    url: str
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    field_key: str = field(default_factory=lambda: Fernet.generate_key().decode())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CARRIER": "sandbox",
            "DATABASE_URL": self.url,
            "VAR_DIR": str(self.folder),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SECRET_KEY": "s" * 40,
            "FIELD_KEYS": self.field_key,
            "LOG_LEVEL": "error",
        }

    def app(self) -> APIFlask:
        """The product itself, in this process, on the same database."""
        return build_app(read_settings(self.environment))


@contextmanager
def on_sqlite() -> Iterator[Place]:
    """A migrated SQLite database in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="aftercare-bench-") as name:
        folder = Path(name)
        yield _migrated(Place(folder, "SQLite", f"sqlite:///{folder}/aftercare.db"))


@contextmanager
def on_postgres() -> Iterator[Place | None]:
    """A migrated PostgreSQL database that keeps its promises on a power cut; None when no server can be started."""
    # The tests' server is hasty; a benchmark that skips the disk would flatter whoever commits more often.
    postgres.HASTY[:] = [setting for setting in postgres.HASTY if not setting.endswith("=off")]
    server = postgres.Server()
    try:
        server.start()
    except postgres.CannotStart:
        yield None
        return
    try:
        with tempfile.TemporaryDirectory(prefix="aftercare-bench-") as name:
            yield _migrated(Place(Path(name), "PostgreSQL", server.fresh_database()))
    finally:
        server.stop()


def _migrated(place: Place) -> Place:
    with place.app().app_context():
        upgrade()
        db.engine.dispose()
    return place


def enrol(place: Place, patients: int, *, due_at: datetime, prompted: bool) -> list[str]:
    """A clinic with this many patients, each with one check-in: due then, or already asked. Gives their numbers."""
    app = place.app()
    with app.app_context():
        clinic = setting_up.add_clinic(
            app.extensions[HOUSE].clinical, due_at - timedelta(days=2),
            name="Harbor Clinic", number=CLINIC_NUMBER, phone="+14155550199", timezone=ZONE, country="US",
        )  # fmt: skip
        setting_up.add_staff(
            clinic,
            clinic.created_at,
            name="Noor Haddad",
            email="noor@clinic.example",
            phone="+15555550111",
            role="manager",
        )  # somebody to page, so that no case alarms the logs
        numbers = [f"+{FIRST_PATIENT + n}" for n in range(patients)]
        ids = [(uuid7(), uuid7()) for _ in numbers]
        with transaction() as session:
            for model, rows in (
                (
                    Patient,
                    [_patient(clinic.id, one, number, due_at) for (one, _), number in zip(ids, numbers, strict=True)],
                ),
                (Treatment, [_treatment(clinic.id, one, visit, due_at) for one, visit in ids]),
                (CheckIn, [_check_in(clinic.id, one, visit, due_at, prompted=prompted) for one, visit in ids]),
            ):
                session.execute(insert(model), rows)
        db.session.remove()
        db.engine.dispose()
    return numbers


def _patient(clinic_id: UUID, patient_id: UUID, number: str, at: datetime) -> dict[str, object]:
    return {
        "clinic_id": clinic_id, "id": patient_id, "given_name": "Ana", "family_name": "Reyes", "phone": number,
        "phone_digest": keyring().digest(number), "timezone": ZONE, "language": "en", "country": "US", "track": "both",
        "flags": [], "baseline_mood": 5, "baseline_pain": 6, "created_at": at - timedelta(days=2),
        "consented_at": at - timedelta(days=2),
    }  # fmt: skip


def _treatment(clinic_id: UUID, patient_id: UUID, visit_id: UUID, at: datetime) -> dict[str, object]:
    return {
        "clinic_id": clinic_id, "id": visit_id, "patient_id": patient_id, "ended_at": at - timedelta(days=1),
        "route": "iv", "setting": "clinic", "escort": True, "co_sedative": False, "created_at": at - timedelta(days=1),
    }  # fmt: skip


def _check_in(
    clinic_id: UUID, patient_id: UUID, visit_id: UUID, due_at: datetime, *, prompted: bool
) -> dict[str, object]:
    return {
        "clinic_id": clinic_id, "id": uuid7(), "patient_id": patient_id, "treatment_id": visit_id, "name": "day_1",
        "asks": ["mood", "pain"], "due_at": due_at, "send_by": due_at + timedelta(hours=6),
        "answer_by": due_at + timedelta(days=1), "prompted_at": due_at if prompted else None,
    }  # fmt: skip
