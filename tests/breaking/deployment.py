"""A deployment of real processes on free ports: sandbox carrier, web and clocks, any of which can be killed."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Thread
from time import monotonic, sleep
from typing import Any, Self

import requests
from apiflask import APIFlask
from sqlalchemy import select

from backend.app import build_app
from backend.sandbox.town import TownClock
from backend.services.clinic import setting_up
from backend.services.house import House
from backend.services.operating.verify import breaches
from backend.services.patients import enrolment, treatments
from backend.services.patients.enrolment import Consent, Enrolment
from backend.services.patients.treatments import NewTreatment
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.web.current import HOUSE
from config.settings import Settings
from tests.breaking.paused import LATER_ON, PAUSED, changed
from tests.town import A_TUESDAY, signed_files, town_settings

ROOT = Path(__file__).resolve().parents[2]
CLINIC, NOOR = "+15555550100", "+15555550111"
PATIENCE = 30.0  # seconds


def eventually(check: Callable[[], bool], what: str) -> None:
    end = monotonic() + PATIENCE
    while not check():
        assert monotonic() < end, f"it did not happen in time: {what}"
        sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One process of ours, in a session of its own."""

    def __init__(self, *command: str, environment: dict[str, str]) -> None:
        self._process = Popen(  # noqa: S603 - all ours
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=PIPE, stderr=DEVNULL, text=True
        )
        self._lines: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)

    def wait_until_paused(self) -> None:
        eventually(lambda: self._process.poll() is not None or self._has_paused(), "paused")
        assert self._has_paused(), "the process ended by itself"

    def _has_paused(self) -> bool:
        return any(line.strip() == PAUSED for line in list(self._lines))

    def kill(self) -> None:
        """kill -9: no handler runs, nothing is flushed."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
        self._reader.join(5)


class Deployment:
    """One database, one carrier, and whatever processes the test starts."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.clock = TownClock(folder / "town-clock.json")
        self.clock.advance(A_TUESDAY.replace(hour=9, minute=59) - self.clock.now())
        self.settings: Settings = town_settings(
            database_url,
            folder,
            public_url=f"http://127.0.0.1:{self.port}",
            twilio_api_url=f"http://127.0.0.1:{self.sandbox_port}",
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TWILIO", "SANDBOX"))},
            "PYTHONPATH": str(ROOT),
            "CARRIER": "sandbox",
            "DATABASE_URL": database_url,
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "PUBLIC_URL": self.settings.public_url,
            "TWILIO_API_URL": self.settings.twilio_api_url,
            "SECRET_KEY": self.settings.secret_key,
            "FIELD_KEYS": ",".join(self.settings.field_keys),
            "LOG_LEVEL": "error",
        }
        self._processes: list[Process] = []
        self.app: APIFlask = build_app(self.settings, clock=self.clock.now, signed=signed_files())
        self.house: House = changed(self.app.extensions[HOUSE], LATER_ON)

    # Processes

    def start(self, *command: str) -> Process:
        process = Process(*command, environment=self._environment)
        self._processes.append(process)
        return process

    def start_sandbox(self) -> Self:
        self.start("backend.sandbox")
        eventually(lambda: self._answers(f"{self._sandbox}/clock"), "sandbox")
        return self

    def start_web(self, where: str = LATER_ON) -> Process:
        process = self.start("tests.breaking.paused", "web", where)
        eventually(lambda: self._answers(f"{self.settings.public_url}/livez"), "web")
        return process

    def start_clock(self, where: str = LATER_ON) -> Process:
        return self.start("tests.breaking.paused", "clock", where)

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.stop()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    @staticmethod
    def _answers(url: str) -> bool:
        try:
            return requests.get(url, timeout=2).ok
        except requests.RequestException:
            return False

    # People

    @property
    def _sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def found(self, *patients: str) -> None:
        """A clinic with Noor on call, and patients whose first scored check-in is due in a minute."""
        now = self.clock.now()
        with self.app.app_context():
            clinic = setting_up.add_clinic(
                self.house.clinical, now, name="Harbor Clinic", number=CLINIC, timezone="America/New_York", country="US"
            )
            noor = setting_up.add_staff(
                clinic, now, name="Noor Haddad", email="noor@clinic.example", phone=NOOR, role="responder"
            )
            setting_up.add_shift(
                noor, now, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=5), weekly=False
            )
        self.enrol(*patients)

    def enrol(self, *patients: str) -> None:
        """Patients whose first scored check-in is due in a minute."""
        now = self.clock.now()
        with self.app.app_context():
            clinic = db.session.scalars(select(Clinic)).one()
            for number in patients:
                new = Enrolment("Ana", "Reyes", number, "America/New_York", consent=Consent(now, "written", "form"))
                patient = enrolment.enrol(clinic, new, "test", self.house)
                fresh = db.session.get_one(Patient, (clinic.id, patient.id))
                ended = NewTreatment(ended_at=now - timedelta(hours=22), escort=True)
                treatments.record_treatment(fresh, ended, "test", self.house)

    def text(self, number: str, body: str) -> Thread:
        """Text the clinic; the carrier waits for the answer in a thread of its own."""
        url, sent = f"{self._sandbox}/handsets/{number}/texts", {"body": body, "to": CLINIC}
        thread = Thread(target=lambda: requests.post(url, json=sent, timeout=60))
        thread.start()
        return thread

    def received(self, number: str, words: str) -> int:
        """How many texts with these words the handset got."""
        listed: Any = requests.get(f"{self._sandbox}/handsets/{number}/texts", timeout=5).json()["texts"]
        return sum(words in text["body"] for text in listed)

    def breaches(self) -> dict[str, list[str]]:
        with self.app.app_context():
            return {invariant: rows for invariant, rows in breaches(self.house).items() if rows}
