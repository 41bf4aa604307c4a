"""A shell on a database of its own."""

from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.town import FIELD_KEY


@pytest.fixture
def shell(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    environment = {
        "DATABASE_URL": sqlite_url, "VAR_DIR": str(tmp_path), "SECRET_KEY": "s" * 40, "FIELD_KEYS": FIELD_KEY,
        "LOG_LEVEL": "error",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CARRIER", raising=False)
    return Shell(monkeypatch, capsys)
