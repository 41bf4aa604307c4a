"""The `aftercare` command as an operator types it, on a database of its own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.shell import ADD_CLINIC, Shell

ENROL = (
    "patient", "enrol", "--clinic", "harbor-clinic", "--given-name", "Ana", "--family-name", "Reyes",
    "--phone", "+15555550120", "--timezone", "America/New_York",
)  # fmt: skip


def test_a_clinic_is_set_up_from_the_shell(shell: Shell) -> None:
    clinic = shell.made(*ADD_CLINIC)
    staff = shell.made(
        "staff", "add", "--clinic", clinic["id"], "--name", "Noor", "--email", "noor@clinic.example",
        "--phone", "+15555550111", "--role", "responder", "--password-stdin", stdin="a long pass phrase\n",
    )  # fmt: skip
    shell.made(
        "shift", "add", "--clinic", "harbor-clinic", "--staff", "noor@clinic.example",
        "--from", "2026-11-20T08:00:00-05:00", "--until", "2026-11-20T20:00:00-05:00", "--weekly",
    )  # fmt: skip
    token = shell.made("token", "create", "--clinic", "harbor-clinic", "--scope", "patients:read")
    assert token["token"].startswith("aftercare_")
    patient = shell.made(*ENROL, "--consent-given-at", "2026-11-20T08:00:00-05:00", "--consent-evidence", "form 3")
    assert {"id"} <= staff.keys() & patient.keys()


def test_a_treatment_prints_what_it_plans(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    patient = shell.made(*ENROL)
    now = datetime.now(UTC).isoformat()
    planned = shell.made("treatment", "add", "--clinic", "harbor-clinic", "--patient", patient["id"], "--ended-at", now)
    assert "day_84" in [check_in["name"] for check_in in planned["check_ins"]]


def test_it_names_every_bad_field_and_saves_nothing(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    bad = ("--phone", "12345", "--timezone", "Mars/Olympus", "--baseline-mood", "11", "--language", "tlh")
    assert shell.run(*ENROL, *bad) == 2
    for field in ("phone:", "timezone:", "baseline.mood:", "language:"):
        assert field in shell.complained
    assert "12345" not in shell.complained
    assert shell.made(*ENROL)["id"]


@pytest.mark.parametrize(
    "arguments",
    [("no-such-command",), ("clinic", "add"), ("staff", "add", "--role", "king"), ("read", "--awaiting", "colour")],
)
def test_bad_usage_exits_with_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell.run(*arguments) == 2


def test_every_command_explains_itself(shell: Shell) -> None:
    assert shell.run("--help") == 0
    for name in ("clinic", "db", "demo", "keys", "patient", "read", "signoff", "staff", "token", "verify"):
        assert name in shell.said
    for name in ("clinic", "patient", "read", "verify"):
        assert shell.run(name, "--help") == 0


def test_the_safety_case_holds_on_an_empty_database(shell: Shell) -> None:
    assert shell.run("verify") == 0
    assert len(shell.said.splitlines()) == 12
    assert shell.run("audit", "verify") == 0
    assert shell.run("db", "check") == 0


def test_an_unknown_clinic_is_said_so(shell: Shell) -> None:
    assert shell.run("token", "create", "--clinic", "nowhere", "--scope", "all") == 2
    assert "no clinic" in shell.complained


HEADER = "given_name,family_name,phone,timezone,baseline_mood\n"
GOOD = "Ana,Reyes,+15555550120,America/New_York,5\nBo,Li,+15555550121,America/Chicago,\n"
BAD = "Cy,Ng,12,America/New_York,5\nDi,Oz,+15555550120,America/New_York,5\nEd,Po,+15555550124,America/New_York,x\n"


def test_an_import_takes_all_rows_or_none(shell: Shell, tmp_path: Path) -> None:
    shell.made(*ADD_CLINIC)
    file = tmp_path / "patients.csv"
    file.write_text(HEADER + GOOD + BAD, encoding="utf-8")
    assert shell.run("patient", "import", str(file), "--clinic", "harbor-clinic") == 1
    assert "line 4: phone" in shell.complained
    assert "line 5: phone: the same number as in line 2" in shell.complained
    assert "line 6: baseline_mood" in shell.complained
    assert shell.run("patient", "import", str(file), "--clinic", "harbor-clinic", "--partial") == 1
    assert json.loads(shell.said) == {"enrolled": 2, "bad": 3}
    assert shell.run(*ENROL) == 2  # she is there now


def test_an_import_names_unknown_columns(shell: Shell, tmp_path: Path) -> None:
    shell.made(*ADD_CLINIC)
    file = tmp_path / "patients.csv"
    file.write_text("name,phone\nAna,+15555550120\n", encoding="utf-8")
    assert shell.run("patient", "import", str(file), "--clinic", "harbor-clinic") == 2
    assert "1 unknown columns" in shell.complained


ANA = ("--clinic", "harbor-clinic", "--patient")
SEEN = ("--evidence", "note of Tuesday")


def test_consent_and_standing_from_the_shell(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    ana = (*ANA, shell.made(*ENROL)["id"])
    assert shell.made("patient", "pause", *ana)["refused_because"] == "no consent on record"
    given = ("--given-at", datetime.now(UTC).isoformat())
    assert shell.made("patient", "consent", *ana, *given, *SEEN)["refused_because"] == "paused"
    assert shell.made("patient", "resume", *ana)["refused_because"] is None
    assert "else's" in shell.made("patient", "quarantine", *ana, *SEEN)["refused_because"]
    assert shell.made("patient", "verify-number", *ana, *SEEN)["refused_because"] is None
    assert shell.made("patient", "change", *ana, "--phone", "+15555550130")["pending_phone"] is False  # never texted
    assert shell.run("patient", "confirm-number", *ana, *SEEN) == 2
    out = shell.made("patient", "opt-out", *ana, "--method", "phone", *SEEN)
    assert out["refused_because"] == "opted out"
    assert shell.made("patient", "discharge", *ana)["refused_because"] == "discharged"
    assert shell.made("patient", "deceased", *ana, *SEEN)["refused_because"] == "deceased"
    assert shell.run("verify") == 0


def test_minors_need_a_policy(shell: Shell, tmp_path: Path) -> None:
    shell.made(*ADD_CLINIC)
    file = tmp_path / "patients.csv"
    file.write_text(f"{HEADER[:-1]},born_on\nAna,Reyes,+15555550120,America/New_York,5,2020-01-31\n", encoding="utf-8")
    assert shell.run("patient", "import", str(file), "--clinic", "harbor-clinic") == 1
    assert "clinic minors" in shell.complained
    policy = shell.made("clinic", "minors", "--clinic", "harbor-clinic", "--policy", "binder 7")
    assert policy["minors_policy"] == "binder 7"
    assert shell.run("patient", "import", str(file), "--clinic", "harbor-clinic") == 0
    assert shell.run(*ENROL, "--phone", "+15555550121", "--born-on", "31.1.1990") == 2


def test_it_reads_texts_without_a_database(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/at/all.db")
    file = tmp_path / "texts.txt"
    file.write_bytes("7 3\nmood 3 pain 8\nsiete\nI don’t want to live\n".encode() + b"\xff\xfe kill myself\n\x00\n\n")
    assert shell.run("read", str(file)) == 0
    read = shell.lines()
    assert read[0]["scores"] == {"mood": 7, "pain": 3}
    assert read[1]["priority"] == "urgent"
    assert read[2]["scores"] == {"mood": 7}
    assert read[3]["reply"] == "crisis"
    start, end = read[3]["concerns"][0]["span"]
    assert read[3]["text"][start:end] == read[3]["concerns"][0]["quote"]
    assert read[4]["concerns"][0]["name"] == "suicidal_ideation"
    assert [row["priority"] for row in read[5:]] == ["urgent", "urgent"]  # nothing in them can be scanned


def test_it_reads_a_csv_column_and_says_when_there_is_none(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text('id,text\n1,"was 9, now 2"\n2,\n', encoding="utf-8")
    assert shell.run("read", str(file), "--csv", "text") == 0
    assert [row["scores"] for row in shell.lines()] == [{"mood": 2}, {}]
    assert shell.run("read", str(file), "--csv", "body") == 2


def test_the_signed_files_are_shown_as_unsigned(shell: Shell) -> None:
    assert shell.run("signoff", "show") == 0
    assert "UNSIGNED: test mode" in shell.said
    assert "config/protocol.toml" in shell.said


def test_keys_are_made_and_rotated(shell: Shell) -> None:
    assert shell.run("keys", "new") == 0
    assert len(shell.said.strip()) == 44
    shell.made(*ADD_CLINIC)
    shell.made(*ENROL)
    assert shell.made("keys", "rotate")["rows"] > 0


def test_it_says_when_a_clinic_answers(shell: Shell) -> None:
    clinic = shell.made("clinic", "add", "--name", "Harbor", "--number", "+15555550100", "--timezone",
                        "America/New_York", "--country", "US")  # fmt: skip
    changed = shell.made("clinic", "hours", "--clinic", clinic["slug"], "--mode", "B", "--on", "mon-thu=08:00-16:00",
                         "--on", "fri=08:00-12:00", "--region", "NY", "--closed", "2035-12-24")  # fmt: skip
    assert changed["mode"] == "B"
    assert shell.run("clinic", "hours", "--clinic", clinic["slug"], "--mode", "A") == 2
    assert "at least 2 people on call" in shell.complained
    assert shell.run("clinic", "hours", "--clinic", clinic["slug"], "--mode", "B", "--on", "whenever") == 2
    assert "mon-fri=09:00-17:00" in shell.complained


def test_a_questionnaire_says_which_case_it_opened(shell: Shell) -> None:
    shell.made(*ADD_CLINIC)
    patient = shell.made(*ENROL)
    taken = ("patient", "questionnaire", "--clinic", "harbor-clinic", "--patient", patient["id"], "--kind", "phq9")
    now = datetime.now(UTC).isoformat()
    assert shell.made(*taken, "--total", "9", "--item-9", "0", "--taken-at", now)["case"] is None
    assert (
        shell.made(*taken, "--total", "14", "--item-9", "0", "--taken-at", datetime.now(UTC).isoformat())["case"] == 1
    )
    assert shell.run(*taken, "--total", "14", "--taken-at", now) == 2
    assert "item_9:" in shell.complained
