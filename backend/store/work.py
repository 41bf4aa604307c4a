"""How work is taken and done: one transaction a row, and the only commit in the house."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from flask_sqlalchemy.session import Session
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    Table,
    bindparam,
    insert,
    inspect,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import scoped_session

from backend.store.database import WRITES, ClinicRow, db

log = structlog.get_logger(__name__)

Key = tuple[UUID, UUID]
"""A row's key: its clinic and its id."""
Values = Mapping[str, Any]
_CONNECTION = "aftercare.connection"


@contextmanager
def transaction() -> Iterator[scoped_session[Session]]:
    """Everything inside commits together or not at all. Transactions do not nest.

    The claim comes first inside it. What was only read before is let go, so that every decision rests on rows read
    within. Whatever is raised inside rolls back and goes on to the caller.
    """
    session = db.session()
    if session.in_transaction():
        session.commit()  # ends what was only read; nothing is pending, since writes happen only in here
    session.expire_all()
    session.info[_CONNECTION] = session.connection(execution_options={WRITES: True})
    try:
        yield db.session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info[_CONNECTION]


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


# Rows without objects ------------------------------------------------------------------------------------------------


def run(statement: Executable, values: Values | Sequence[Values] | None = None) -> CursorResult[Any]:
    """Run a statement over columns in the open transaction, and no objects. Its statement is best put together once."""
    return _connection().execute(statement, values)


def add_row(model: type[ClinicRow], **values: Any) -> None:
    """Insert a row that nobody needs as an object."""
    _connection().execute(_statements(model).insert, values)


def add_rows(model: type[ClinicRow], rows: Sequence[Values]) -> None:
    """Insert rows that have the same columns."""
    if rows:
        _connection().execute(_statements(model).insert, rows)


def change_row(model: type[ClinicRow], key: Key, **values: Any) -> None:
    """Set columns of a row that the session does not hold as an object."""
    _connection().execute(_statements(model).update, {"of_clinic": key[0], "of_row": key[1], **values})


def insert_once(model: type[ClinicRow], **values: Any) -> bool:
    """Insert a row unless a unique constraint already has it. True for whoever inserted it."""
    connection = _connection()
    statement = _statements(model).insert_once[connection.dialect.name]
    return connection.execute(statement, values).scalar_one_or_none() is not None


def numbered(digests: Sequence[bytes]) -> dict[str, bytes]:
    """The values of `digest0`, `digest1` and so on: a list of its own length in a statement is put together anew."""
    return {f"digest{n}": digest for n, digest in enumerate(digests)}


def table_of(model: type[ClinicRow]) -> Table:
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return table


def _connection() -> Connection:
    """The open transaction's connection, after the session has written what it holds: rows name each other."""
    session = db.session()
    session.flush()
    connection: Connection | None = session.info.get(_CONNECTION)
    return connection or session.connection()


class _Statements:
    """What every text runs on a table. Putting a statement together takes longer than running it, and making objects of
    half a dozen rows that nobody looks at again takes longer than both; so this is made once for each table.
    """

    def __init__(self, table: Table) -> None:
        self.insert = insert(table)
        # Which columns are set is what the values name when it is run.
        self.update = update(table).where(
            table.c.clinic_id == bindparam("of_clinic"), table.c.id == bindparam("of_row")
        )
        self.insert_once = {
            "sqlite": sqlite.insert(table).on_conflict_do_nothing().returning(table.c.id),
            "postgresql": postgresql.insert(table).on_conflict_do_nothing().returning(table.c.id),
        }


_of_model: dict[type[ClinicRow], _Statements] = {}


def _statements(model: type[ClinicRow]) -> _Statements:
    if model not in _of_model:
        _of_model[model] = _Statements(table_of(model))
    return _of_model[model]
