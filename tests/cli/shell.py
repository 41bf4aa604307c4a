"""The `aftercare` command as an operator types it, in this process."""

import io
import json
import sys
from typing import Any

import pytest

from backend.cli import main

ADD_CLINIC = (
    "clinic", "add", "--name", "Harbor Clinic", "--number", "+15555550100", "--timezone", "America/New_York",
    "--country", "US", "--phone", "+14155550199",
)  # fmt: skip


class Shell:
    """Runs commands in this process and keeps what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.said = self.complained = ""

    def run(self, *arguments: str, stdin: str = "") -> int:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        self.said, self.complained = self._capsys.readouterr()
        return int(ended.value.code or 0)

    def made(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        assert self.run(*arguments, stdin=stdin) == 0, self.complained
        found: dict[str, Any] = json.loads(self.said)
        return found

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said.splitlines()]
