"""The `aftercare` command: exit 0 on success, 1 on a found fault, 2 on bad usage."""

import sys

import click

from backend.cli import clinics, operations, patients, reading, run
from backend.services.invalid import Conflict, Invalid, NotFound
from config.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def aftercare() -> None:
    """Aftercare looks after ketamine-clinic patients between sessions, by text message."""


for command in (
    *clinics.COMMANDS,
    *patients.COMMANDS,
    *operations.COMMANDS,
    reading.read,
    run.run,
):
    aftercare.add_command(command)


def main() -> None:
    """Run one command; what it refuses is said in plain lines."""
    try:
        aftercare.main(prog_name="aftercare")
    except SettingsError as refused:
        _refuse("Aftercare does not start:", refused.faults)
    except Invalid as invalid:
        _refuse("Nothing was saved:", [f"{field}: {fault}" for field, fault in invalid.faults.items()])
    except NotFound:
        _refuse("Nothing was done:", ["there is no such row in this clinic"])
    except Conflict as conflict:
        _refuse("Nothing was done:", [str(conflict)])


def _refuse(what: str, faults: list[str]) -> None:
    click.echo("\n".join([what, *(f"  {fault}" for fault in faults)]), err=True)
    sys.exit(2)
