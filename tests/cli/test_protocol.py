"""`aftercare protocol`: a clinic's own protocol as an operator types it."""

import json
from pathlib import Path

from tests.cli.shell import ADD_CLINIC, Shell

ON = ("--clinic", "harbor-clinic")
WHY = ("--note", "as agreed")


def test_a_protocol_is_set_shown_and_taken_back(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    made = shell.made(
        "protocol", "set", *ON, "--set", "thresholds.mood_low=4", "--set", "check_ins.day_3=2",
        "--set", "optional_items=sleep", "--set", "window.asks_at=11:00", "--set", "raises.mania.home=stat", *WHY,
    )  # fmt: skip
    assert (made["version"], made["overrides"]["window"]) == (1, {"asks_at": "11:00"})
    shown = shell.made("protocol", "show", *ON)
    assert {"name": "thresholds.mood_low", "signed": "3", "own": "4"} in shown["differs"]
    assert (shown["version"], shown["no_longer_fits"], shown["patients_behind"]) == (1, {}, 0)
    shell.made("protocol", "set", *ON, "--unset", "check_ins.day_3", "--unset", "raises.mania.home", *WHY)
    assert shell.made("protocol", "show", *ON)["overrides"].keys() == {"thresholds", "optional_items", "window"}
    back = shell.made("protocol", "back-to", *ON, "--version", "0", "--note", "as signed")
    assert (back["version"], back["overrides"]) == (3, {})
    assert shell.run("protocol", "history", *ON) == 0
    assert [(line["version"], line["note"], line["by"]) for line in shell.lines()] == [
        (3, "as signed", "shell"), (2, "as agreed", "shell"), (1, "as agreed", "shell"),
    ]  # fmt: skip


def test_a_file_replaces_all_changes(shell: Shell, tmp_path: Path) -> None:
    shell.made(*ADD_CLINIC)
    shell.made("protocol", "set", *ON, "--set", "thresholds.mood_low=4", *WHY)
    file = tmp_path / "overrides.json"
    file.write_text(json.dumps({"check_ins": {"day_7": 8}}), encoding="utf-8")
    assert shell.made("protocol", "set", *ON, "--file", str(file), *WHY)["overrides"] == {"check_ins": {"day_7": 8}}


def test_what_cannot_be_set_is_named_with_what_can(shell: Shell, tmp_path: Path) -> None:
    shell.made(*ADD_CLINIC)
    unsafe = ("--set", "thresholds.mood_low=2", "--set", "window.closes=23:00", "--set", "caps.per_day=2")
    assert shell.run("protocol", "set", *ON, *unsafe, *WHY) == 2
    assert "thresholds.mood_low: choose a whole number from 3 to 5" in shell.complained
    assert "window.closes: write a time from 08:00 to 21:00" in shell.complained
    assert "caps: a clinic cannot change this" in shell.complained
    assert shell.made("protocol", "show", *ON)["version"] == 0
    broken = tmp_path / "broken.json"
    broken.write_text("[1", encoding="utf-8")
    for arguments, complaint in (
        ((), "set: say what to change"),
        (("--set", "thresholds.mood_low"), "set: write NAME=VALUE"),
        (("--set", "window=9", "--set", "window.opens=09:00"), "window has no parts"),
        (("--unset", "thresholds.mood_low"), "unset: the clinic does not change thresholds.mood_low"),
        (("--file", str(broken)), "file: this is no JSON"),
    ):
        assert shell.run("protocol", "set", *ON, *arguments, *WHY) == 2
        assert complaint in shell.complained, arguments
    assert shell.run("protocol", "set", *ON, "--set", "thresholds.mood_low=4") == 2
    assert "--note" in shell.complained
    assert shell.run("protocol", "back-to", *ON, "--version", "7", *WHY) == 2


def test_a_preview_counts_and_changes_nothing(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    found = shell.made("protocol", "preview", *ON, "--set", "thresholds.mood_low=4", "--set", "check_ins.day_3=2")
    assert found["proposed"] == {"alerts": 0, "alerts_a_week": 0.0, "by_priority": {}, "by_rule": {}}
    assert "0.0 alerts a week instead of 0.0" in found["sentence"]
    assert len(found["cannot_know"]) == 4
    assert shell.made("protocol", "show", *ON)["version"] == 0
    assert shell.run("protocol", "preview", *ON, "--set", "thresholds.mood_low=2") == 2
    assert "thresholds.mood_low" in shell.complained
