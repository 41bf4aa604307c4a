"""What starts with which carrier: nothing that could send a wrong text, and to real patients nothing unsigned."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.app import build_app, create_app
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from config.loading import Signed, load_signed, pin
from config.settings import Settings, SettingsError, read_settings
from config.signing import record
from jobs.__main__ import main as run_clock
from tests.config.test_settings import REAL
from tests.town import Town, signed_files, town_settings

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)


@pytest.fixture
def signed_folder(folder: Path) -> Path:
    record(NOW, name="Dr. Mei Lin", licence="NY 1", signed_on=None, approved_by=None, folder=folder)
    return folder


@pytest.fixture
def real(sqlite_url: str, tmp_path: Path) -> Settings:
    given = {"DATABASE_URL": sqlite_url, "VAR_DIR": str(tmp_path), "OPERATOR_CONTACT": "+15555550109"}
    return read_settings(REAL | given)


def refusal(start: Callable[[], object]) -> str:
    with pytest.raises(SettingsError) as refused:
        start()
    return "\n".join(refused.value.faults)


def start(settings: Settings, signed: Signed, now: datetime = NOW) -> None:
    create_app(settings, signed=signed, clock=lambda: now)


def test_a_real_carrier_starts_with_signed_files_and_not_after_one_has_changed(
    real: Settings, signed_folder: Path
) -> None:
    start(real, load_signed(signed_folder))
    text = signed_folder / "texts" / "en.toml"
    text.write_text(text.read_text(encoding="utf-8").replace("Thank you for telling", "Thanks for telling"), "utf-8")
    pin(signed_folder)
    assert "no clinician has signed these files" in refusal(lambda: start(real, load_signed(signed_folder)))


def test_a_real_carrier_does_not_start_with_old_numbers_or_a_signature_of_the_future(
    real: Settings, signed_folder: Path
) -> None:
    signed = load_signed(signed_folder)
    assert "crisis/ie.toml: verified on" in refusal(lambda: start(real, signed, datetime(2027, 12, 1, tzinfo=UTC)))
    assert "lies in the future" in refusal(lambda: start(real, signed, datetime(2026, 11, 25, tzinfo=UTC)))


@pytest.fixture
def environment(real: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TWILIO_") or name in ("CARRIER", "PUBLIC_URL"):
            monkeypatch.delenv(name)
    for name, value in (REAL | {"DATABASE_URL": real.database_url, "VAR_DIR": str(real.var_dir)}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_the_clock_does_not_start_unsigned_either(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_clock() == 2
    assert "no clinician has signed these files" in capsys.readouterr().err


def test_a_database_that_is_not_migrated_yet_does_not_break_the_start(tmp_path: Path, signed_folder: Path) -> None:
    nothing = f"sqlite:///{tmp_path}/nothing.db"
    create_app(town_settings(nothing, tmp_path), signed=signed_files())
    settings = read_settings(REAL | {"DATABASE_URL": nothing, "VAR_DIR": str(tmp_path)})
    assert "run `aftercare db upgrade`" in refusal(lambda: start(settings, load_signed(signed_folder)))


def test_every_text_is_proven_for_every_clinic_and_country_in_use_on_the_sandbox_too(town: Town) -> None:
    ana = town.enrol_patient()
    with town.inside():
        db.session.execute(update(Clinic).where(Clinic.id == town.clinic.id).values(name="Harbor Clinic á"))
        db.session.execute(update(Clinic).where(Clinic.id == town.other_clinic.id).values(name="Ketamine " + "x" * 60))
        db.session.execute(update(Patient).where(Patient.id == ana.id).values(country="FR"))
        db.session.commit()
        settings = town.app.extensions["aftercare.settings"]
    found = refusal(lambda: create_app(settings, signed=signed_files()))
    assert "clinic harbor-clinic: texts/en: `crisis` has a character outside GSM-7" in found
    assert "clinic harbor-clinic: texts/es: `welcome` has a character outside GSM-7" in found
    assert "clinic harbor-clinic: country: there is no crisis pack for FR" in found
    assert "clinic ridge-clinic: texts/en: `crisis` takes" in found
    assert "clinic ridge-clinic: the name says `ketamine`" in found


def test_commands_work_where_nothing_may_start(real: Settings) -> None:
    assert build_app(real, signed=signed_files()) is not None
