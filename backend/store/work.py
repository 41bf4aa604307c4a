"""How work is taken and done: one transaction a row, and the only commit in the house."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from flask_sqlalchemy.session import Session
from sqlalchemy import ColumnElement, TableClause, inspect, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import scoped_session

from backend.store.database import WRITES, ClinicRow, db

log = structlog.get_logger(__name__)

Key = tuple[UUID, UUID]
"""A row's key: its clinic and its id."""


@contextmanager
def transaction() -> Iterator[scoped_session[Session]]:
    """Everything inside commits together or not at all. Transactions do not nest.

    The claim comes first inside it. What was only read before is let go, so that every decision rests on rows read
    within. Whatever is raised inside rolls back and goes on to the caller.
    """
    session = db.session
    session.commit()  # ends what was only read; nothing is pending, since writes happen only in here
    session.expire_all()
    session.connection(execution_options={WRITES: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def claim(model: type[ClinicRow], key: Key, *still: ColumnElement[bool], **values: Any) -> bool:
    """Take one row of a ledger: set `values` if the row is `still` to be had. True for exactly one worker."""
    statement = (
        update(model)
        .where(model.clinic_id == key[0], model.id == key[1], *still)
        .values(**values)
        .returning(model.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.execute(statement).scalar_one_or_none() is not None


def work_through(what: str, keys: Iterable[Key], work: Callable[[Key], None]) -> int:
    """Do each row's work by itself: a failure rolls back that row, is logged by id, and the rest go on.

    Returns how many rows were done.
    """
    done = 0
    for key in keys:
        try:
            work(key)
            done += 1
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the others
            db.session.rollback()
            log.error("row failed", what=what, row=str(key[1]), error=type(error).__name__)
    return done


def insert_once(model: type[ClinicRow], **values: Any) -> bool:
    """Insert a row unless a unique constraint already has it. True for whoever inserted it."""
    table = inspect(model).local_table
    assert isinstance(table, TableClause)
    statement = _insert_once(table, db.session.get_bind().dialect.name)
    return db.session.execute(statement, values).scalar_one_or_none() is not None


@cache
def _insert_once(table: TableClause, dialect: str) -> Any:
    """The statement, put together once for each table; over the table, since no object is wanted back."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(table.c.id)
