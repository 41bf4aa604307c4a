"""The database: one declarative base, the engine's settings, and column types that encrypt and keep UTC."""

import base64
import fcntl
import hashlib
import hmac
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, LargeBinary, MetaData, Uuid, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

WRITES = "aftercare_writes"
_KEYRING = "aftercare.keyring"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. A naive one is a mistake and is refused; SQLite's naive answer gets its zone back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Keyring:
    """Encrypts fields with the newest key, decrypts with any, and makes the blind index of exact look-up."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys, newest first. Raises `ValueError` when one is not."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._index_keys = tuple(_index_key(key) for key in keys)

    def encrypt(self, text: str) -> bytes:
        # surrogatepass: whatever a phone sends is kept, even half an emoji.
        return self._fernet.encrypt(text.encode("utf-8", "surrogatepass"))

    def decrypt(self, token: bytes) -> str:
        return self._fernet.decrypt(token).decode("utf-8", "surrogatepass")

    def digest(self, value: str) -> bytes:
        """The blind index under the newest key: what a row is written with."""
        return self.digests(value)[0]

    def digests(self, value: str) -> tuple[bytes, ...]:
        """The blind index under every key: what a row is looked up with while keys rotate."""
        data = value.strip().casefold().encode("utf-8", "surrogatepass")
        return tuple(hmac.digest(key, data, "sha256") for key in self._index_keys)


def _index_key(key: str) -> bytes:
    secret = base64.urlsafe_b64decode(key)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"aftercare blind index").derive(secret)


def keyring() -> Keyring:
    ring: Keyring = current_app.extensions[_KEYRING]
    return ring


class EncryptedText(TypeDecorator[str]):
    """Text that is encrypted at rest: names, numbers, patients' words."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - as above
        return None if value is None else keyring().encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        return None if value is None else keyring().decrypt(bytes(value))


def secret_digest(secret: str) -> bytes:
    """For high-entropy secrets (tokens), which are stored only as this."""
    return hashlib.sha256(secret.encode()).digest()


class Base(DeclarativeBase):
    """Every table. `clinic_id` leads every key, so that the schema can be distributed by it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), UUID: Uuid(as_uuid=True)}  # noqa: RUF012 - SQLAlchemy's own idiom


class ClinicRow:
    """A row that belongs to one clinic; ids rise with time."""

    clinic_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


def init_database(app: Flask, url: str, keys: Sequence[str]) -> None:
    """Bind the database to the app. Raises `ValueError` when a field key is not a Fernet key."""
    app.config["SQLALCHEMY_DATABASE_URI"] = _with_driver(url)
    # hide_parameters: an SQL error must not print a patient's words into a log.
    options: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": not url.startswith("sqlite")}
    if url.startswith("sqlite"):
        _make_folder(url)
        options["connect_args"] = {"timeout": 10}
    else:
        options |= {"pool_size": 8, "max_overflow": 8, "connect_args": {"connect_timeout": 2}}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    app.extensions[_KEYRING] = Keyring(keys)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _queue_sqlite_writers(db.engine)


def _with_driver(url: str) -> str:
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _make_folder(url: str) -> None:
    path = url.removeprefix("sqlite:///").partition("?")[0]
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _queue_sqlite_writers(engine: Engine) -> None:
    """Let write transactions wait in a fair queue on a lock file, over all threads and processes of the host.

    SQLite's own busy handler sleeps and retries, which under load makes some writers wait half a second.
    """
    queue = _WriterQueue(f"{engine.url.database}.lock")

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin by our own BEGIN below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES):
            queue.enter()
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except BaseException:
                queue.leave()
                raise
        else:
            connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "checkin")
    def _checkin(_connection: object, _record: object) -> None:
        queue.leave()


class _WriterQueue:
    """One writer at a time, by a file lock; leaving twice does no harm."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._held = threading.local()

    def enter(self) -> None:
        if getattr(self._held, "file", None) is not None:
            raise RuntimeError("this thread already has a write transaction open; it would wait for itself for ever")
        file: IO[bytes] = Path(self._path).open("ab")  # noqa: SIM115 - closing it is what releases the lock
        os.set_inheritable(file.fileno(), False)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._held.file = file

    def leave(self) -> None:
        file: IO[bytes] | None = getattr(self._held, "file", None)
        if file is not None:
            self._held.file = None
            file.close()


@contextmanager
def connected() -> Iterator[Connection]:
    """A connection of its own, for health checks and migrations."""
    with db.engine.connect() as connection:
        yield connection
