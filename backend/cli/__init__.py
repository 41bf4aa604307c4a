"""The `aftercare` command: exit 0 on success, 1 on a found fault, 2 on bad usage."""

import sys
from importlib import import_module

import click

from backend.services.invalid import Conflict, Invalid, NotFound
from config.settings import SettingsError

_MODULE_OF = {
    "audit": "operations",
    "clinic": "clinics",
    "db": "operations",
    "demo": "operations",
    "keys": "operations",
    "patient": "patients",
    "protocol": "protocol",
    "read": "reading",
    "run": "run",
    "shift": "clinics",
    "signoff": "signoff",
    "simulate": "simulate",
    "staff": "clinics",
    "token": "clinics",
    "treatment": "patients",
    "verify": "operations",
}


class Commands(click.Group):
    """Loads a command's module only when that command is called: reading a text needs no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_MODULE_OF)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _MODULE_OF:
            return None
        module = import_module(f"backend.cli.{_MODULE_OF[cmd_name]}")
        commands: dict[str, click.Command] = {command.name: command for command in module.COMMANDS}
        return commands[cmd_name]


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def aftercare() -> None:
    """Aftercare looks after ketamine-clinic patients between sessions, by text message."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command; what it refuses is said in plain lines."""
    try:
        aftercare.main(arguments, prog_name="aftercare")
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
