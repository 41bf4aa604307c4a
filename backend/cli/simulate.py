"""`aftercare simulate`: months of patients, staff and faults in minutes, on a database of their own."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from apiflask import APIFlask
from flask_migrate import upgrade
from sqlalchemy import event, func, inspect, select

from backend.app import build_app
from backend.services.invalid import Conflict
from backend.simulator.faults import KNOWN, Faults, parse_faults
from backend.simulator.report import as_page, report_of
from backend.simulator.town import Simulation, Wanted
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.web.current import HOUSE
from config.settings import read_settings

BEFORE_CLOCKS_CHANGE = (date(2026, 2, 1), date(2026, 9, 20))
"""Ninety days from either cross a change of the clocks in most zones that have one."""
_OF_KEYS = ("FIELD_KEYS", "FIELD_KEYS_FILE", "SECRET_KEY", "SECRET_KEY_FILE", "VAR_DIR")
_FAULTS = ", ".join(f"{name} ({says}; {rate})" for name, (rate, says) in KNOWN.items())


def _faults(_context: click.Context, _option: click.Parameter, text: str) -> Faults:
    try:
        return parse_faults(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option("--patients", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same report.")
@click.option("--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), help="The first day, such as 2026-09-20.")
@click.option(
    "--faults", callback=_faults, default="", help=f"What goes wrong, such as crashes,timeouts=0.1: {_FAULTS}."
)
@click.option(
    "--database", default="", help="An empty database to play in and keep; by default one that is thrown away."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--progress", is_flag=True, help="Show progress on standard error even when it is no terminal.")
def simulate(
    patients: int, days: int, seed: int, first_day: datetime | None, faults: Faults, database: str, as_json: bool,
    progress: bool,
) -> None:  # fmt: skip
    """Play patients, staff, carrier and clock in simulated time against the real services, then check the safety case.

    No carrier is reached, whatever the environment says. Exit 1 when an invariant is broken.
    """
    starts_on = first_day.date() if first_day else BEFORE_CLOCKS_CHANGE[seed % len(BEFORE_CLOCKS_CHANGE)]
    wanted = Wanted(patients=patients, days=days, seed=seed, starts_on=starts_on, faults=faults)
    with _empty_database(database) as app:
        simulation = Simulation(app.extensions[HOUSE].clinical, wanted)
        simulation.play(_progress(wanted) if progress or sys.stderr.isatty() else _no_progress)
        figures = report_of(simulation)
    click.echo(json.dumps(figures, indent=2) if as_json else as_page(figures))
    sys.exit(1 if figures["breaches"] else 0)


@contextmanager
def _empty_database(url: str) -> Iterator[APIFlask]:
    """The application on a database that nobody uses, migrated. Raises `Conflict` when somebody does."""
    with tempfile.TemporaryDirectory(prefix="aftercare-simulation-") as folder:
        app = build_app(read_settings(_environment(url, Path(folder))))
        with app.app_context():
            if not url:
                _do_not_sync()
            _refuse_used()
            upgrade()
            yield app
            db.session.remove()
            db.engine.dispose()


def _environment(url: str, folder: Path) -> dict[str, str]:
    """Settings that reach no carrier, whatever this shell's are; a database to keep gets this shell's keys."""
    if not url:
        return {"DATABASE_URL": f"sqlite:///{folder}/simulation.db", "VAR_DIR": str(folder), "LOG_LEVEL": "error"}
    kept = {name: os.environ[name] for name in _OF_KEYS if name in os.environ}
    return {"DATABASE_URL": url, "LOG_LEVEL": "error"} | kept


def _do_not_sync() -> None:
    """This file is thrown away: a power cut may take it."""

    @event.listens_for(db.engine, "connect")
    def _relax(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")


def _refuse_used() -> None:
    """Never play among real patients."""
    there = set(inspect(db.engine).get_table_names())
    for model in (Patient, Clinic):
        if model.__tablename__ in there and db.session.scalar(select(func.count()).select_from(model)):
            raise Conflict(f"this database has {model.__tablename__}; simulate plays in an empty one only")
    db.session.rollback()


def _no_progress(_at: datetime) -> None: ...


def _progress(wanted: Wanted) -> Callable[[datetime], None]:
    shown: list[date] = []

    def show(at: datetime) -> None:
        day = at.astimezone(UTC).date()
        if not shown or day > shown[-1] or at >= wanted.ends_at:
            shown[:] = [day]
            percent = min(100 * (at - wanted.starts_at) / (wanted.ends_at - wanted.starts_at), 100)
            end = "\n" if at >= wanted.ends_at else ""
            click.echo(f"\r{percent:3.0f} %  {day.isoformat()}{end}", nl=False, err=True)

    return show


COMMANDS = (simulate,)
