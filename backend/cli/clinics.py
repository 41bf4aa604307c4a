"""Clinics, staff, shifts and tokens from the shell."""

import sys
from collections.abc import Iterator

import click

from backend.cli.inside import ACTOR, find_clinic, find_staff, inside, made, moment
from backend.domain.roles import ROLES
from backend.services.clinic import accounts, setting_up
from backend.services.clinic.answering import NewHours, send_test_page, set_hours
from backend.services.clinic.hours import ALWAYS, STAFFED, WEEKDAYS
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


@clinic.command("hours")
@click.option("--clinic", "clinic_name", required=True, help="Id or slug.")
@click.option("--mode", required=True, type=click.Choice((ALWAYS, STAFFED)), help="A: any hour. B: staffed hours only.")
@click.option("--on", "spans", multiple=True, help="Staffed hours, such as mon-fri=09:00-17:00 (the default).")
@click.option("--region", help="State or region whose public holidays the clinic keeps, such as NY.")
@click.option("--closed", multiple=True, help="A closed day of the clinic's own, such as 2026-12-24.")
@inside
def clinic_hours(
    house: House, clinic_name: str, mode: str, spans: tuple[str, ...], region: str | None, closed: tuple[str, ...]
) -> None:
    """Say when a clinic answers; what is still to come is planned by it."""
    staffed = dict(one for span in spans for one in _days_and_hours(span))
    new = NewHours(mode, staffed or None, region, closed)
    changed = set_hours(find_clinic(clinic_name), new, ACTOR, house)
    made(id=changed.id, mode=changed.mode)


def _days_and_hours(span: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """`mon-fri=09:00-17:00` as one pair for each of its days."""
    days, _, hours = span.lower().partition("=")
    first, _, last = days.partition("-")
    opens, _, closes = hours.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise Invalid({"on": "write days and hours as mon-fri=09:00-17:00"})
    for day in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]:
        yield day, (opens, closes)


@clinic.command("minors")
@click.option("--clinic", "clinic_name", required=True, help="Id or slug.")
@click.option("--policy", required=True, help='Where the policy for patients under 18 is documented; "" takes it back.')
@inside
def clinic_minors(house: House, clinic_name: str, policy: str) -> None:
    """Record the clinic's policy for minors; without one nobody under 18 is enrolled."""
    changed = setting_up.set_minors_policy(find_clinic(clinic_name), policy, ACTOR, house.now())
    made(id=changed.id, minors_policy=changed.minors_policy)


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


@staff.command("test-page")
@click.option("--clinic", "clinic_name", required=True, help="Id or slug.")
@click.option("--staff", "staff_name", required=True, help="Id or e-mail.")
@inside
def staff_test_page(house: House, clinic_name: str, staff_name: str) -> None:
    """Send a page that only proves that pages reach this person."""
    made(id=send_test_page(find_staff(find_clinic(clinic_name), staff_name), ACTOR, house).id)


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
