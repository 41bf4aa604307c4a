"""`aftercare simulate` as somebody types it."""

import tempfile
from pathlib import Path

import pytest

from tests.cli.shell import ADD_CLINIC, Shell


def test_it_plays_without_any_setting_and_leaves_nothing_behind(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARRIER", "twilio")  # whose settings are not there, and would not matter
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/at/all.db")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    figures = shell.made("simulate", "--patients", "3", "--days", "4", "--seed", "2", "--json")
    assert figures["played"]["from"] == "2026-02-01"
    assert figures["town"]["patients"] > 0
    assert set(figures["verify"].values()) == {0}
    assert shell.complained == ""
    assert sorted(tmp_path.iterdir()) == before


def test_it_shows_how_far_it_is(shell: Shell) -> None:
    arguments = ("simulate", "--patients", "1", "--days", "3", "--from", "2026-05-01", "--progress")
    assert shell.run(*arguments) == 0
    assert "100 %  2026-05-04" in shell.complained
    assert shell.said.startswith("PLAYED")


def test_it_keeps_a_database_that_is_named(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    assert shell.run("simulate", "--patients", "2", "--days", "5", "--database", url) == 0
    monkeypatch.setenv("DATABASE_URL", url)
    assert shell.run("audit", "verify") == 0
    assert shell.run("simulate", "--patients", "2", "--days", "5", "--database", url) == 2
    assert "simulate plays in an empty one only" in shell.complained


def test_it_never_plays_where_a_clinic_works(shell: Shell, sqlite_url: str) -> None:
    shell.made(*ADD_CLINIC)
    assert shell.run("simulate", "--patients", "1", "--days", "1", "--database", sqlite_url) == 2
    assert "this database has clinics" in shell.complained


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--faults", "gremlins"), "choose among timeouts, refused"),
        (("--faults", "timeouts=2"), "a number from 0 to 1"),
        (("--faults", "timeouts=often"), "a number from 0 to 1"),
        (("--patients", "0"), "--patients"),
        (("--days", "soon"), "--days"),
        (("--from", "tomorrow"), "--from"),
    ],
)
def test_what_cannot_be_played_is_said(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    assert shell.run("simulate", *arguments) == 2
    assert says in shell.complained


def test_the_faults_are_told(shell: Shell) -> None:
    assert shell.run("simulate", "--help") == 0
    assert "lost_reports" in shell.said
    assert "crashes" in shell.said
