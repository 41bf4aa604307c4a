"""What a clinician signs: what has changed, the signature itself, and the pins that follow a reviewed change."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from config.loading import FOLDER, UnsignedError, combined_digest, digests, pin, pin_faults
from config.signing import changes, last_signed, record, signatures

in_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    help="Where the signed files are, when not in the program itself.",
)


@click.group()
def signoff() -> None:
    """The files that a clinician signs."""


@signoff.command("show")
@in_folder
def signoff_show(folder: Path) -> None:
    """Print what is to be signed: the files' digests, who signed, and every line that has changed since.

    Exit 1 when a file differs from its pin.
    """
    files = digests(folder)
    digest, given, before = combined_digest(files), signatures(folder), last_signed(folder)
    _say(f"{value}  config/{name}" for name, value in files.items())
    _say([f"\nto sign: {digest}"])
    if before is None:
        _say(["nobody signed an earlier state that this could be compared with"])
    elif before.digest != digest:
        _say([f"changed since {before} signed:", "", *changes(folder), ""])
    _say(f"signed by {signature} {_under(signature.digest, digest)}" for signature in given)
    if all(signature.digest != digest for signature in given):
        _say(["UNSIGNED: test mode"])
    unpinned = pin_faults(folder)
    _say(f"config/{fault}" for fault in unpinned)
    sys.exit(1 if unpinned else 0)


def _under(signed: str, digest: str) -> str:
    return "(these files)" if signed == digest else f"(an earlier state, {signed[:12]})"


@signoff.command("record")
@click.option("--name", required=True, help="The clinician's full name.")
@click.option("--licence", required=True, help="The licence's authority and number.")
@click.option("--date", "signed_on", type=click.DateTime(["%Y-%m-%d"]), help="When it was signed; today when left out.")
@click.option("--approved-by", help="Who else has read it.")
@in_folder
def signoff_record(name: str, licence: str, signed_on: datetime | None, approved_by: str | None, folder: Path) -> None:
    """Sign the files as they are, and keep a copy to show later changes against.

    This only writes down that a licensed clinician has read and approved what `signoff show` prints.
    """
    day = signed_on.date() if signed_on else None
    try:
        given = record(
            datetime.now(UTC), name=name, licence=licence, signed_on=day, approved_by=approved_by, folder=folder
        )
    except UnsignedError as refused:
        click.echo("\n".join(["Nothing was signed:", *(f"  {fault}" for fault in refused.faults)]), err=True)
        sys.exit(2)
    click.echo(f"signed by {given}: {given.digest}")


@signoff.command("pin")
@in_folder
def signoff_pin(folder: Path) -> None:
    """Pin the files as they are now, after a reviewed change; earlier signatures no longer fit."""
    click.echo(f"pinned under {folder.name}/: {pin(folder)}")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


COMMANDS = (signoff,)
