"""A whole town in one process: the product, the sandbox carrier, a clock that can be moved, and people with phones."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from apiflask import APIFlask
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.app import create_app
from backend.sandbox.account import SandboxSettings
from backend.sandbox.adapter import WsgiAdapter
from backend.sandbox.app import create_sandbox
from backend.sandbox.carrier import Carrier
from backend.sandbox.town import TownClock
from backend.services.clinic import accounts, setting_up
from backend.services.house import House
from backend.services.patients import enrolment, treatments
from backend.services.patients.enrolment import Consent, Enrolment
from backend.services.patients.treatments import NewTreatment, RecordedTreatment
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.web.current import HOUSE
from config.loading import Signed, load_signed
from config.settings import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN, Settings
from jobs.ticks import Senders, ticks

NEW_YORK = ZoneInfo("America/New_York")
# A Tuesday far enough ahead that the town's clock, which only moves forward, can always reach it.
A_TUESDAY = datetime(2035, 3, 6, 9, 30, tzinfo=NEW_YORK)
PUBLIC_URL = "http://aftercare.example"
CARRIER_URL = "http://carrier.example"
PASSWORD = "a long pass phrase"
PASSWORD_HASH = accounts.hash_password(PASSWORD)
FIELD_KEY = urlsafe_b64encode(b"k" * 32).decode()  # the same in every test process


@cache
def signed_files() -> Signed:
    """The signed files, read once for all towns: that takes longer than many a story."""
    return load_signed()


def town_settings(database_url: str, var_dir: Path, **changed: Any) -> Settings:
    """Settings of a town on this database."""
    given: dict[str, Any] = {
        "carrier": "sandbox",
        "database_url": database_url,
        "var_dir": var_dir,
        "public_url": PUBLIC_URL,
        "twilio_account_sid": SANDBOX_ACCOUNT_SID,
        "twilio_auth_token": SANDBOX_AUTH_TOKEN,
        "twilio_api_url": CARRIER_URL,
        "secret_key": "s" * 40,
        "field_keys": FIELD_KEY,
        "log_level": "error",
    }
    return Settings.model_validate(given | changed)


@dataclass(slots=True)
class Phone:
    """Somebody's handset, on the sandbox carrier."""

    town: "Town"
    number: str
    clinic_number: str
    read: int = 0

    def texts(self, body: str, *, media: int = 0) -> Self:
        """Send a text to the clinic, and let everything happen that follows at once."""
        sent: dict[str, Any] = {"body": body, "to": self.clinic_number}
        answer = self.town.handsets.post(
            f"/handsets/{self.number}/texts", json=sent | ({"media": media} if media else {})
        )
        assert answer.status_code == 201, answer.text
        self.town.settle()
        return self

    @property
    def received(self) -> list[str]:
        """Everything this handset got, oldest first."""
        listed = self.town.handsets.get(f"/handsets/{self.number}/texts").get_json()["texts"]
        return [text["body"] for text in listed]

    @property
    def news(self) -> list[str]:
        """What came since the last look."""
        fresh = self.received[self.read :]
        self.read += len(fresh)
        return fresh


class Town:
    """The product and the carrier, wired to each other without a socket."""

    def __init__(self, database_url: str, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.clock = TownClock(folder / "town-clock.json")
        self.clock.advance(max(A_TUESDAY - self.clock.now(), timedelta(0)))  # a town that is opened again is later
        self.sandbox = self._sandbox()
        self.app: APIFlask = create_app(
            town_settings(database_url, folder, **settings),
            clock=self.clock.now,
            adapter=WsgiAdapter(self.sandbox),
            signed=signed_files(),
        )
        self.house: House = self.app.extensions[HOUSE]
        self.handsets: FlaskClient = self.sandbox.test_client()
        self._senders = Senders()

    def _sandbox(self) -> Flask:
        return create_sandbox(
            SandboxSettings(
                clock_path=self.folder / "town-clock.json",
                state_path=str(self.folder / "sandbox.db"),
                webhook_base=PUBLIC_URL,
                webhook_post=self._post_webhook,
                background=False,
            )
        )

    def _post_webhook(self, url: str, parameters: dict[str, str], headers: dict[str, str]) -> tuple[int, str, str]:
        target = urlsplit(url)
        path = target.path + (f"?{target.query}" if target.query else "")
        answer = self.app.test_client().post(path, data=parameters, headers=headers)
        return answer.status_code, answer.content_type or "", answer.get_data(as_text=True)

    @property
    def carrier(self) -> Carrier:
        carrier: Carrier = self.sandbox.extensions["carrier"]
        return carrier

    # Time

    def settle(self) -> None:
        """Run every tick, and the carrier, until nothing happens any more."""
        for _ in range(20):
            if not self.tick():
                return
        raise AssertionError("the town never comes to rest")

    def tick(self) -> int:
        done = self.carrier.pump()
        with self.app.app_context():
            for tick in ticks(self._senders):
                done += tick.work(self.house)
        return done + self.carrier.pump()

    def wait(self, *, step: timedelta = timedelta(minutes=5), **time: float) -> Self:
        """Let time pass, in steps no longer than `step`, with everything that falls due on the way."""
        until = self.clock.now() + timedelta(**time)
        while self.clock.now() < until:
            self.clock.advance(max(min(step, until - self.clock.now()), timedelta(0)))
            self.settle()
        return self

    def wait_until(self, local: datetime, *, step: timedelta = timedelta(hours=1)) -> Self:
        return self.wait(step=step, seconds=(local - self.clock.now()).total_seconds())

    # People

    def found_clinics(self) -> None:
        """The clinic of all stories, with its people, and another one whose people must see nothing of it."""
        with self.app.app_context():
            self.clinic = self.found_clinic("Harbor Clinic", "+15555550100")
            self.noor = self.hire(self.clinic, "Noor Haddad", "+15555550111", "responder")
            self.vera = self.hire(self.clinic, "Vera Lindqvist", "+15555550112", "clinician")
            self.dov = self.hire(self.clinic, "Dov Amsel", "+15555550113", "manager")
            self.ada = self.hire(self.clinic, "Ada Okafor", "+15555550114", "auditor")
            now = self.clock.now()
            setting_up.add_shift(
                self.noor, now, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=6), weekly=True
            )
            self.other_clinic = self.found_clinic("Ridge Clinic", "+15555550200")
            self.cass = self.hire(self.other_clinic, "Cass Moreau", "+15555550211", "manager")
            for row in (self.clinic, self.other_clinic, self.noor, self.vera, self.dov, self.ada, self.cass):
                db.session.refresh(row)  # so that they can be read outside of a session

    def found_clinic(self, name: str, number: str) -> Clinic:
        return setting_up.add_clinic(
            self.house.clinical,
            self.clock.now(),
            name=name,
            number=number,
            phone="+14155550199",
            timezone="America/New_York",
            country="US",
        )

    def hire(self, clinic: Clinic, name: str, number: str, role: str) -> Staff:
        email = f"{name.split(maxsplit=1)[0].lower()}.{number[-4:]}@clinic.example"
        return setting_up.add_staff(
            clinic, self.clock.now(), name=name, email=email, phone=number, role=role, password_hash=PASSWORD_HASH
        )

    def enrol_patient(self, number: str = "+15555550120", clinic: Clinic | None = None, **changed: Any) -> Patient:
        """Ana, unless something else is said."""
        now = self.clock.now()
        known: dict[str, Any] = {
            "given_name": "Ana",
            "family_name": "Reyes",
            "phone": number,
            "timezone": "America/New_York",
            "consent": Consent(now, "written", "form 12"),
            "baseline": {"mood": 5, "pain": 6},
        }
        with self.app.app_context():
            return enrolment.enrol(clinic or self.clinic, Enrolment(**(known | changed)), "test", self.house)

    def treat(self, patient: Patient, **changed: Any) -> RecordedTreatment:
        """A treatment that ended just now, unless something else is said."""
        with self.app.app_context():
            fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
            usual: dict[str, Any] = {"ended_at": self.clock.now(), "escort": True}
            new = NewTreatment(**(usual | changed))
            return treatments.record_treatment(fresh, new, "test", self.house)

    def welcomed(self, **known: Any) -> tuple[Patient, Phone]:
        """A patient who has just been enrolled, and their phone after its welcome."""
        patient = self.enrol_patient(**known)
        phone = self.phone_of(patient)
        self.settle()
        phone.news  # noqa: B018 - the welcome
        return patient, phone

    def now_of(self, patient: Patient) -> Patient:
        """The patient as the database has them now."""
        with self.inside():
            return db.session.get_one(Patient, (patient.clinic_id, patient.id), populate_existing=True)

    def phone_of(self, person: Patient | Staff) -> Phone:
        clinic = self.other_clinic if person.clinic_id == self.other_clinic.id else self.clinic
        return Phone(self, person.phone, clinic.number)

    def phone(self, number: str) -> Phone:
        return Phone(self, number, self.clinic.number)

    # What staff see

    def token(self, *scopes: str, clinic: Clinic | None = None) -> str:
        """A bearer token of the clinic; all scopes when none is named."""
        with self.app.app_context():
            _, secret = accounts.create_token(clinic or self.clinic, scopes or ("all",), "test", self.clock.now())
        return secret

    def cases(self, clinic: Clinic | None = None) -> list[Escalation]:
        """The clinic's cases, oldest first."""
        with self.app.app_context():
            mine = select(Escalation).where(Escalation.clinic_id == (clinic or self.clinic).id)
            return list(db.session.scalars(mine.order_by(Escalation.number)))

    @contextmanager
    def inside(self) -> Iterator[Self]:
        """The application's context, to look at rows."""
        with self.app.app_context():
            yield self

    def close(self) -> None:
        self._senders.close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        self.carrier.stop()
