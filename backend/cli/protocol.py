"""A clinic's own protocol from the shell: what it is, what a change would mean, the change, and every version."""

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import click

from backend.cli.inside import ACTOR, find_clinic, inside, made
from backend.domain.overrides import differences, fitted
from backend.domain.replay import Load
from backend.services.clinic import preview, protocols
from backend.services.house import House
from backend.services.invalid import Invalid
from backend.store.clinics import Clinic

_LISTS = ("for_everyone", "optional_items")
_CLINIC = click.option("--clinic", "clinic_name", required=True, help="Id or slug.")
_SET = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Such as thresholds.mood_low=4; may stand often."
)
_UNSET = click.option("--unset", "unset", multiple=True, metavar="NAME", help="Back to what is signed.")
_FILE = click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="All of the clinic's changes as one JSON object, in place of those in force.",
)  # fmt: skip


@click.group()
def protocol() -> None:
    """A clinic's own protocol: the signed one, changed within safe bounds."""


@protocol.command("show")
@_CLINIC
@inside
def show(house: House, clinic_name: str) -> None:
    """Print the clinic's version, its changes, and in what they differ from the signed protocol."""
    clinic = find_clinic(clinic_name)
    signed = house.clinical.protocol
    own = fitted(signed, clinic.protocol_overrides or {})
    made(
        clinic=clinic.slug,
        version=clinic.protocol_version,
        signed=signed.version,
        overrides=clinic.protocol_overrides or {},
        differs=[found._asdict() for found in differences(signed, own.protocol)],
        no_longer_fits=own.faults,
        patients_behind=protocols.patients_behind(clinic),
    )


@protocol.command("preview")
@_CLINIC
@_SET
@_UNSET
@_FILE
@inside
def preview_change(
    house: House, clinic_name: str, settings: Sequence[str], unset: Sequence[str], file: Path | None
) -> None:
    """Print how many alerts a change would have meant on the clinic's last 90 days; changes nothing."""
    clinic = find_clinic(clinic_name)
    found = preview.preview(clinic, _wanted(clinic, settings, unset, file), house)
    made(
        sentence=found.sentence,
        weeks=round(found.weeks, 2),
        in_force=_load(found.in_force, found.weeks),
        proposed=_load(found.proposed, found.weeks),
        cannot_know=found.cannot_know,
    )


def _load(load: Load, weeks: float) -> dict[str, Any]:
    by_priority = {priority.label: count for priority, count in sorted(load.by_priority.items(), reverse=True)}
    return {
        "alerts": load.alerts,
        "alerts_a_week": round(load.alerts / weeks, 2),
        "by_priority": by_priority,
        "by_rule": dict(sorted(load.by_rule.items())),
    }


@protocol.command("set")
@_CLINIC
@_SET
@_UNSET
@_FILE
@click.option("--note", required=True, help="Why; kept with the version.")
@inside
def set_protocol(
    house: House, clinic_name: str, settings: Sequence[str], unset: Sequence[str], file: Path | None, note: str
) -> None:
    """Change the clinic's protocol, and plan anew what is still to come."""
    clinic = find_clinic(clinic_name)
    version = protocols.change_protocol(clinic, _wanted(clinic, settings, unset, file), note, ACTOR, house)
    made(id=version.id, version=version.version, overrides=version.overrides)


@protocol.command("back-to")
@_CLINIC
@click.option("--version", "number", required=True, type=int, help="0 is the signed protocol.")
@click.option("--note", required=True, help="Why; kept with the version.")
@inside
def back_to(house: House, clinic_name: str, number: int, note: str) -> None:
    """Let an earlier version hold again, as a new one."""
    version = protocols.go_back(find_clinic(clinic_name), number, note, ACTOR, house)
    made(id=version.id, version=version.version, overrides=version.overrides)


@protocol.command("history")
@_CLINIC
@inside
def history(_house: House, clinic_name: str) -> None:
    """Print every version, the newest first, one JSON object a line."""
    for one in protocols.history(find_clinic(clinic_name)):
        made(
            id=one.id,
            version=one.version,
            at=one.created_at.isoformat(),
            by=one.actor,
            note=one.note,
            overrides=one.overrides,
        )


# What was typed ------------------------------------------------------------------------------------------------------


def _wanted(clinic: Clinic, settings: Sequence[str], unset: Sequence[str], file: Path | None) -> dict[str, Any]:
    """The changes in force (or those of the file) with what is set and unset. Raises `Invalid`."""
    if not (settings or unset or file):
        raise Invalid({"set": "say what to change: --set NAME=VALUE, --unset NAME or --file FILE"})
    overrides = _from_file(file) if file else deepcopy(clinic.protocol_overrides or {})
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise Invalid({"set": f"write NAME=VALUE, such as thresholds.mood_low=4, not {setting}"})
        _put(overrides, name.split("."), _value(name, value))
    for name in unset:
        _drop(overrides, name.split("."), name)
    return overrides


def _from_file(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Invalid({"file": f"this is no JSON: {error}"}) from None
    if not isinstance(found, dict):
        raise Invalid({"file": 'write one JSON object, such as {"thresholds": {"mood_low": 4}}'})
    return found


def _value(name: str, value: str) -> int | str | list[str]:
    if name in _LISTS:
        return value.replace(",", " ").split()
    return int(value) if value.isascii() and value.removeprefix("-").isdigit() else value


def _put(overrides: dict[str, Any], path: Sequence[str], value: object) -> None:
    for step in path[:-1]:
        within = overrides.setdefault(step, {})
        if not isinstance(within, dict):
            raise Invalid({"set": f"{'.'.join(path)}: {step} has no parts"})
        overrides = within
    overrides[path[-1]] = value


def _drop(overrides: dict[str, Any], path: Sequence[str], name: str) -> None:
    """Take out one change, and what it leaves empty."""
    if path[0] not in overrides:
        raise Invalid({"unset": f"the clinic does not change {name}"})
    if len(path) == 1:
        del overrides[path[0]]
        return
    if not isinstance(overrides[path[0]], dict):
        raise Invalid({"unset": f"the clinic does not change {name}"})
    _drop(overrides[path[0]], path[1:], name)
    if not overrides[path[0]]:
        del overrides[path[0]]


COMMANDS = (protocol,)
