"""Patients and treatments from the shell: what the API does, with its field names as flags."""

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from backend.cli.inside import ACTOR, find_clinic, find_patient, inside, made, moment
from backend.cli.standing import OF_PATIENT, day
from backend.domain.protocol import FLAGS, ROUTES, SETTINGS, TRACKS
from backend.domain.questionnaires import KINDS
from backend.services.house import House
from backend.services.invalid import Invalid
from backend.services.patients import enrolment, treatments
from backend.services.patients.enrolment import Consent, Enrolment
from backend.services.patients.questionnaires import NewQuestionnaire, record_questionnaire
from backend.services.patients.treatments import NewTreatment, RecordedTreatment
from backend.store.clinics import Clinic

COLUMNS = (
    "external_id", "given_name", "family_name", "phone", "timezone", "language", "country", "track", "flags",
    "window_opens", "window_closes", "consent_given_at", "consent_method", "consent_evidence", "baseline_mood",
    "baseline_pain", "born_on",
)  # fmt: skip


@click.group()
def patient() -> None:
    """Patients."""


for _command in OF_PATIENT:
    patient.add_command(_command)


@patient.command("enrol")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--external-id")
@click.option("--given-name", required=True)
@click.option("--family-name", required=True)
@click.option("--phone", required=True)
@click.option("--timezone", required=True)
@click.option("--language", default="en")
@click.option("--country", default="", help="Two letters; the clinic's when left out.")
@click.option("--track", default="both", type=click.Choice(TRACKS))
@click.option("--flags", default="", help=f"Separated by spaces or commas: {', '.join(FLAGS)}.")
@click.option("--window-opens", help="Local hour before which the patient wants no check-in, such as 14:30.")
@click.option("--window-closes", help="Local hour after which they want none.")
@click.option("--consent-given-at")
@click.option("--consent-method", default="written")
@click.option("--consent-evidence", default="")
@click.option("--baseline-mood", type=int)
@click.option("--baseline-pain", type=int)
@click.option("--born-on", help="Such as 1990-01-31; under 18 needs a policy for minors (clinic minors).")
@inside
def patient_enrol(house: House, /, clinic_name: str, **fields: Any) -> None:
    """Enrol a patient; with consent, they are welcomed inside their own hours."""
    new = enrolment.enrol(find_clinic(clinic_name), _enrolment(fields), ACTOR, house)
    made(id=new.id)


@patient.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--clinic", "clinic_name", required=True)
@click.option("--partial", is_flag=True, help="Keep the good rows although others are bad.")
@inside
def patient_import(house: House, file: Path, clinic_name: str, partial: bool) -> None:
    """Enrol every row of a CSV file, or none of them.

    Bad rows are reported by line and reason; with --partial the good ones are kept all the same.
    """
    clinic = find_clinic(clinic_name)
    rows = list(_rows(file))
    bad = {line: fault for line, row in rows if (fault := _fault_of(row, clinic, house))}
    bad |= {line: fault for line, fault in _twins(rows).items() if line not in bad}
    for line in sorted(bad):
        click.echo(f"line {line}: {bad[line]}", err=True)
    if bad and not partial:
        click.echo(f"Nothing was saved: {len(bad)} of {len(rows)} rows are bad.", err=True)
        sys.exit(1)
    enrolment.enrol_all(clinic, [_enrolment(row) for line, row in rows if line not in bad], ACTOR, house)
    made(enrolled=len(rows) - len(bad), bad=len(bad))
    sys.exit(1 if bad else 0)


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if unknown := set(reader.fieldnames or ()) - set(COLUMNS):
            raise Invalid({"file": f"{len(unknown)} unknown columns; the columns are {', '.join(COLUMNS)}"})
        for row in reader:
            yield reader.line_num, {name: (value or "").strip() for name, value in row.items() if name}


def _fault_of(row: Mapping[str, str], clinic: Clinic, house: House) -> str | None:
    try:
        enrolment.check(clinic, _enrolment(row), house)
    except Invalid as invalid:
        return str(invalid)
    return None


def _twins(rows: list[tuple[int, dict[str, str]]]) -> dict[int, str]:
    seen: dict[str, int] = {}
    twins = {}
    for line, row in rows:
        number = row.get("phone", "")
        if number in seen:
            twins[line] = f"phone: the same number as in line {seen[number]}; give each patient a number of their own"
        seen.setdefault(number, line)
    return twins


def _enrolment(fields: Mapping[str, Any]) -> Enrolment:
    consent = None
    if fields.get("consent_given_at"):
        given_at = moment("consent.given_at", fields["consent_given_at"])
        consent = Consent(given_at, fields.get("consent_method") or "written", fields.get("consent_evidence") or "")
    return Enrolment(
        given_name=fields.get("given_name") or "",
        family_name=fields.get("family_name") or "",
        phone=fields.get("phone") or "",
        timezone=fields.get("timezone") or "",
        language=fields.get("language") or "en",
        country=fields.get("country") or None,
        track=fields.get("track") or "both",
        external_id=fields.get("external_id") or None,
        flags=(fields.get("flags") or "").replace(",", " ").split(),
        consent=consent,
        baseline=_baseline(fields),
        window_opens=_hour("window_opens", fields.get("window_opens")),
        window_closes=_hour("window_closes", fields.get("window_closes")),
        born_on=day("born_on", fields["born_on"]) if fields.get("born_on") else None,
    )


def _hour(field: str, text: str | None) -> time | None:
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0)
    except ValueError:
        raise Invalid({field: "write the hour as HH:MM, such as 14:30"}) from None


def _baseline(fields: Mapping[str, Any]) -> dict[str, int]:
    baseline = {}
    for measure in ("mood", "pain"):
        value = fields.get(f"baseline_{measure}")
        if value not in (None, ""):
            try:
                baseline[measure] = int(value)
            except ValueError:
                raise Invalid({f"baseline_{measure}": "write a whole number from 0 to 10"}) from None
    return baseline


@patient.command("questionnaire")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--patient", "patient_name", required=True, help="Id or external id.")
@click.option("--kind", required=True, type=click.Choice(list(KINDS)))
@click.option("--total", required=True, type=int)
@click.option("--item-9", type=int, help="Of a PHQ-9, which needs it.")
@click.option("--taken-at", required=True, help="RFC 3339 with offset.")
@inside
def patient_questionnaire(house: House, /, clinic_name: str, patient_name: str, **fields: Any) -> None:
    """Record a PHQ-2 or PHQ-9 that staff took; what it says opens a case or joins the open one."""
    who = find_patient(find_clinic(clinic_name), patient_name)
    taken_at = moment("taken_at", fields["taken_at"])
    new = NewQuestionnaire(fields["kind"], fields["total"], taken_at, fields["item_9"])
    recorded = record_questionnaire(who, new, ACTOR, house)
    made(id=recorded.questionnaire.id, case=recorded.case)


@click.group()
def treatment() -> None:
    """Treatments."""


@treatment.command("add")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--patient", "patient_name", required=True, help="Id or external id.")
@click.option("--ended-at", required=True, help="RFC 3339 with offset.")
@click.option("--route", default="iv", type=click.Choice(ROUTES))
@click.option("--setting", default="clinic", type=click.Choice(SETTINGS))
@click.option("--series-id")
@click.option("--baseline-mood", type=int)
@click.option("--baseline-pain", type=int)
@click.option("--escort", is_flag=True)
@click.option("--co-sedative", is_flag=True)
@inside
def treatment_add(house: House, /, clinic_name: str, patient_name: str, ended_at: str, **fields: Any) -> None:
    """Record a treatment and plan its check-ins."""
    who = find_patient(find_clinic(clinic_name), patient_name)
    new = NewTreatment(
        ended_at=moment("ended_at", ended_at),
        route=fields["route"],
        setting=fields["setting"],
        series_id=fields["series_id"],
        baseline=_baseline(fields),
        escort=fields["escort"],
        co_sedative=fields["co_sedative"],
    )
    _made_plan(treatments.record_treatment(who, new, ACTOR, house))


@treatment.command("correct")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--treatment", "treatment_id", required=True, type=click.UUID)
@click.option("--ended-at", help="RFC 3339 with offset.")
@click.option("--route", type=click.Choice(ROUTES))
@click.option("--setting", type=click.Choice(SETTINGS))
@click.option("--series-id")
@click.option("--baseline-mood", type=int)
@click.option("--baseline-pain", type=int)
@click.option("--escort/--no-escort", default=None)
@click.option("--co-sedative/--no-co-sedative", default=None)
@inside
def treatment_correct(house: House, /, clinic_name: str, treatment_id: UUID, **fields: Any) -> None:
    """Correct what was recorded of a treatment, and plan anew; what is not named stays."""
    changes = {name: value for name, value in fields.items() if value is not None and not name.startswith("baseline")}
    if "ended_at" in changes:
        changes["ended_at"] = moment("ended_at", changes["ended_at"])
    if baseline := _baseline(fields):
        changes["baseline"] = baseline
    if not changes:
        raise Invalid({"treatment": "name at least one thing to correct"})
    key = (find_clinic(clinic_name).id, treatment_id)
    _made_plan(treatments.correct_treatment(key, changes, ACTOR, house))


@treatment.command("delete")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--treatment", "treatment_id", required=True, type=click.UUID)
@click.option("--because", required=True, help="Why; it stays on record.")
@inside
def treatment_delete(house: House, clinic_name: str, treatment_id: UUID, because: str) -> None:
    """Take back a treatment that never was; what an earlier one had planned comes back."""
    key = (find_clinic(clinic_name).id, treatment_id)
    made(id=treatments.delete_treatment(key, because, ACTOR, house).id)


def _made_plan(recorded: RecordedTreatment) -> None:
    planned = [{"name": row.name, "due_at": row.due_at.isoformat(), "state": row.state} for row in recorded.check_ins]
    made(id=recorded.treatment.id, check_ins=planned)


COMMANDS = (patient, treatment)
