"""What the carrier remembers: messages, calls, handsets, blocks, alerts and what is due, in one SQLite database."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, direction TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, body TEXT NOT NULL, media INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL,
    error_code INTEGER, created_at REAL NOT NULL, updated_at REAL NOT NULL, sent_at REAL,
    status_callback TEXT NOT NULL DEFAULT '', service_sid TEXT, note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS messages_by_recipient ON messages (recipient, id);
CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (sender, id);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    status TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, started_at REAL, ended_at REAL,
    url TEXT NOT NULL, twiml TEXT NOT NULL DEFAULT '', fallback TEXT NOT NULL DEFAULT '', rings REAL NOT NULL,
    status_callback TEXT NOT NULL DEFAULT '', wanted TEXT NOT NULL DEFAULT 'completed',
    heard TEXT NOT NULL DEFAULT '[]', script TEXT NOT NULL DEFAULT '[]', gather TEXT NOT NULL DEFAULT '',
    pressed TEXT NOT NULL DEFAULT '', turn INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS handsets (
    number TEXT PRIMARY KEY, label TEXT NOT NULL DEFAULT '', changed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS handsets_by_change ON handsets (changed);
CREATE TABLE IF NOT EXISTS blocks (clinic TEXT NOT NULL, handset TEXT NOT NULL, PRIMARY KEY (clinic, handset));
CREATE TABLE IF NOT EXISTS numbers (number TEXT PRIMARY KEY, sms_url TEXT NOT NULL, fallback TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, code INTEGER NOT NULL, message TEXT NOT NULL, sid TEXT, url TEXT
);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, due_at REAL NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_due ON events (due_at, id);
"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A text at the carrier. Times are seconds since 1970, in town time."""

    id: int
    sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    media: int
    status: str
    error_code: int | None
    created_at: float
    updated_at: float
    sent_at: float | None
    status_callback: str
    service_sid: str | None
    note: str

    @property
    def handset(self) -> str:
        return self.sender if self.direction == "inbound" else self.recipient


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call at the carrier. `script` are the verbs still to come; `turn` counts changes and voids old waits."""

    id: int
    sid: str
    sender: str
    recipient: str
    status: str
    created_at: float
    updated_at: float
    started_at: float | None
    ended_at: float | None
    url: str
    twiml: str
    fallback: str
    rings: float
    status_callback: str
    wanted: str
    heard: str
    script: str
    gather: str
    pressed: str
    turn: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that is to happen once the town's time has come."""

    id: int
    due_at: float
    kind: str
    payload: dict[str, Any]


class Ledger:
    """One connection, one lock: the sandbox is one process and small."""

    def __init__(self, path: str) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Make what happens inside all or nothing, and alone."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """Execute and return how many rows changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def add_message(self, **columns: object) -> Message:
        with self.whole():
            self._insert("messages", columns)
            message = self.message(str(columns["sid"]))
            assert message is not None
            self.touch(message.handset)
        return message

    def change_message(self, sid: str, **columns: object) -> Message | None:
        with self.whole():
            self._update("messages", sid, columns)
            message = self.message(sid)
            if message:
                self.touch(message.handset)
        return message

    def message(self, sid: str) -> Message | None:
        return next(iter(self.messages("sid = ?", [sid])), None)

    def messages(
        self,
        where: str = "1",
        values: Sequence[object] = (),
        *,
        order: str = "id DESC",
        limit: int = 1,
        offset: int = 0,
    ) -> list[Message]:
        """Select by a condition written in this package, never by words of a request."""
        sql = f"SELECT * FROM messages WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - see above
        return [Message(**dict(row)) for row in self.rows(sql, *values, limit, offset)]

    def thread(self, handset: str, limit: int = 500) -> list[Message]:
        """Return what `handset` sent and was sent, oldest first."""
        mine = "(sender = ? AND direction = 'inbound') OR (recipient = ? AND direction <> 'inbound')"
        return self.messages(mine, [handset, handset], limit=limit)[::-1]

    def add_call(self, **columns: object) -> Call:
        with self.whole():
            self._insert("calls", columns)
            call = self.call(str(columns["sid"]))
            assert call is not None
            self.touch(call.recipient)
        return call

    def change_call(self, sid: str, **columns: object) -> Call:
        with self.whole():
            self._update("calls", sid, columns)
            call = self.call(sid)
            assert call is not None
            self.touch(call.recipient)
        return call

    def call(self, sid: str) -> Call | None:
        return next(iter(self.calls("sid = ?", [sid])), None)

    def calls(self, where: str = "1", values: Sequence[object] = (), *, limit: int = 1, offset: int = 0) -> list[Call]:
        """Select by a condition written in this package, never by words of a request."""
        sql = f"SELECT * FROM calls WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 - see above
        return [Call(**dict(row)) for row in self.rows(sql, *values, limit, offset)]

    def touch(self, handset: str) -> None:
        """Make sure that the handset exists, and mark it as changed now."""
        self.run(
            "INSERT INTO handsets (number, changed) VALUES (?1, (SELECT coalesce(max(changed), 0) + 1 FROM handsets)) "
            "ON CONFLICT (number) DO UPDATE SET changed = excluded.changed",
            handset,
        )

    def plan(self, due_at: float, kind: str, **payload: object) -> None:
        self.run("INSERT INTO events (due_at, kind, payload) VALUES (?, ?, ?)", due_at, kind, json.dumps(payload))

    def take_due(self, now: float) -> Event | None:
        """Take the next event out; a crash after this loses it, as carriers do."""
        rows = self.rows(
            "DELETE FROM events WHERE id = (SELECT id FROM events WHERE due_at <= ? ORDER BY due_at, id LIMIT 1) "
            "RETURNING *",
            now,
        )
        return Event(**{**dict(rows[0]), "payload": json.loads(rows[0]["payload"])}) if rows else None

    def is_blocked(self, clinic: str, handset: str) -> bool:
        return bool(self.rows("SELECT 1 FROM blocks WHERE clinic = ? AND handset = ?", clinic, handset))

    def block(self, clinic: str, handset: str) -> bool:
        """Return whether that was news."""
        return self.run("INSERT OR IGNORE INTO blocks VALUES (?, ?)", clinic, handset) > 0

    def unblock(self, clinic: str, handset: str) -> bool:
        """Return whether that was news."""
        return self.run("DELETE FROM blocks WHERE clinic = ? AND handset = ?", clinic, handset) > 0

    def _insert(self, table: str, columns: dict[str, object]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *columns.values())  # noqa: S608 - our own names

    def _update(self, table: str, sid: str, columns: dict[str, object]) -> None:
        sets = ", ".join(f"{name} = ?" for name in columns)
        self.run(f"UPDATE {table} SET {sets} WHERE sid = ?", *columns.values(), sid)  # noqa: S608 - our own names
