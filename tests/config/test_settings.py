"""Settings: a wrong or missing one stops the start, and everything that is wrong is said at once, never repeated."""

from pathlib import Path

import pytest

from backend.app import create_app
from config.settings import SettingsError, read_settings
from tests.town import signed_files

KEY = "A" * 43 + "="  # a fixed one: it stands in the names of tests
REAL = {
    "CARRIER": "twilio",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "2" * 32,
    "PUBLIC_URL": "https://aftercare.example",
    "SECRET_KEY": "s" * 40,
    "FIELD_KEYS": KEY,
}


def faults(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        read_settings(environment)
    return refused.value.faults


def test_it_starts_the_sandbox_with_nothing_set_and_makes_its_secrets_once(tmp_path: Path) -> None:
    first, second = (read_settings({"VAR_DIR": str(tmp_path)}) for _ in range(2))
    assert first.is_sandbox
    assert first.field_keys == second.field_keys
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert first.secret_key not in repr(first)
    assert first.field_keys[0] not in repr(first)


def test_it_names_every_missing_twilio_secret_at_once() -> None:
    found = "\n".join(faults({"CARRIER": "twilio", "FIELD_KEYS": KEY}))
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SECRET_KEY", "PUBLIC_URL"):
        assert name in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARRIER", "pigeon"),
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("SANDBOX_PORT", "-1"),
        ("WEB_CONCURRENCY", "0"),
        ("LOG_LEVEL", "shouting"),
        ("OPERATOR_CONTACT", "call me"),
        ("FIELD_KEYS", "not a key"),
        ("FIELD_KEYS", f"{KEY},nonsense"),
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://somewhere/else"),
        ("PUBLIC_URL", "http://aftercare.example"),
        ("PUBLIC_URL", "https://aftercare.example/path"),
        ("PUBLIC_URL", "aftercare.example"),
    ],
)
def test_it_refuses_an_unknown_value_and_names_its_setting_without_repeating_it(name: str, value: str) -> None:
    [fault] = faults(REAL | {name: value})
    assert fault.startswith(f"{name}:")
    assert len(value) < 6 or value not in fault


def test_several_wrong_values_are_named_together() -> None:
    found = faults(REAL | {"PORT": "eighty", "LOG_LEVEL": "shouting", "OPERATOR_CONTACT": "me"})
    assert {fault.partition(":")[0] for fault in found} == {"PORT", "LOG_LEVEL", "OPERATOR_CONTACT"}


def test_a_secret_may_stand_in_a_file_and_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("3" * 32 + "\n")
    given = {name: value for name, value in REAL.items() if name != "TWILIO_AUTH_TOKEN"}
    settings = read_settings(given | {"TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.twilio_auth_token == "3" * 32
    found = faults(given | {"TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "nowhere")})
    assert any(fault.startswith("TWILIO_AUTH_TOKEN_FILE:") for fault in found)


def test_a_real_carrier_does_not_start_unsigned_or_without_anybody(sqlite_url: str, tmp_path: Path) -> None:
    settings = read_settings(REAL | {"DATABASE_URL": sqlite_url, "VAR_DIR": str(tmp_path)})
    with pytest.raises(SettingsError) as refused:
        create_app(settings, signed=signed_files())
    assert any("no clinician has signed" in fault for fault in refused.value.faults)
