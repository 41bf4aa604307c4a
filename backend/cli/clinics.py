"""Clinics, staff, shifts and tokens from the shell."""

import sys

import click

from backend.cli.inside import find_clinic, find_staff, inside, made, moment
from backend.domain.roles import ROLES
from backend.services.clinic import accounts, setting_up
from backend.services.house import House
from backend.services.invalid import Invalid


@click.group()
def clinic() -> None:
    """Clinics."""


@clinic.command("add")
@click.option("--name", required=True, help="As patients read it in their texts.")
@click.option("--number", required=True, help="Receives and sends the texts (E.164).")
@click.option("--timezone", required=True, help="IANA name, such as America/New_York.")
@click.option("--country", required=True, help="Two letters; there must be a crisis pack for it.")
@click.option("--phone", default="", help="What patients may call; the number itself when left out.")
@inside
def clinic_add(house: House, name: str, number: str, timezone: str, country: str, phone: str) -> None:
    """Add a clinic, with the default escalation policy."""
    new = setting_up.add_clinic(
        house.clinical, house.now(), name=name, number=number, timezone=timezone, country=country, phone=phone
    )
    made(id=new.id, slug=new.slug)


@click.group()
def staff() -> None:
    """Staff."""


@staff.command("add")
@click.option("--clinic", "clinic_name", required=True, help="Id or slug.")
@click.option("--name", required=True)
@click.option("--email", required=True, help="Signs in with it.")
@click.option("--phone", required=True, help="Is paged on it (E.164).")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")
@inside
def staff_add(
    house: House,
    clinic_name: str,
    name: str,
    email: str,
    phone: str,
    role: str,
    password_stdin: bool,
) -> None:
    """Add a member of staff."""
    password_hash = accounts.hash_password(sys.stdin.readline().rstrip("\n")) if password_stdin else None
    person = setting_up.add_staff(
        find_clinic(clinic_name),
        house.now(),
        name=name,
        email=email,
        phone=phone,
        role=role,
        password_hash=password_hash,
    )
    made(id=person.id)


@click.group()
def shift() -> None:
    """The rota."""


@shift.command("add")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--staff", "staff_name", required=True, help="Id or e-mail.")
@click.option("--from", "starts", required=True, help="RFC 3339 with offset.")
@click.option("--until", "ends", required=True, help="RFC 3339 with offset.")
@click.option("--weekly", is_flag=True, help="Every week at the same local time.")
@inside
def shift_add(house: House, clinic_name: str, staff_name: str, starts: str, ends: str, weekly: bool) -> None:
    """Put a person on call."""
    person = find_staff(find_clinic(clinic_name), staff_name)
    new = setting_up.add_shift(
        person, house.now(), starts_at=moment("from", starts), ends_at=moment("until", ends), weekly=weekly
    )
    made(id=new.id)


@click.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.option("--clinic", "clinic_name", required=True)
@click.option("--scope", "scopes", required=True, multiple=True, help=f"all, or any of {', '.join(accounts.SCOPES)}.")
@click.option("--name", default="shell", help="What it is for.")
@inside
def token_create(house: House, clinic_name: str, scopes: tuple[str, ...], name: str) -> None:
    """Make an API token; it is shown this once."""
    wanted = [scope for given in scopes for scope in given.replace(",", " ").split()]
    if not wanted:
        raise Invalid({"scope": "name at least one scope"})
    new, secret = accounts.create_token(find_clinic(clinic_name), wanted, name, house.now())
    made(id=new.id, token=secret, scopes=new.scopes)


COMMANDS = (clinic, staff, shift, token)
