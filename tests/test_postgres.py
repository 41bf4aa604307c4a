"""Proves that the tests' own PostgreSQL is a real one: commits are seen, copies are apart, nothing stays behind."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.postgres import CannotStart, Server

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    own = Server()
    try:
        own.start()
    except CannotStart as fault:
        pytest.skip(str(fault))
    yield own
    own.stop()


def test_it_shows_one_connection_what_another_committed(server: Server) -> None:
    engine = create_engine(server.fresh_database())
    with engine.connect() as writer, engine.connect() as reader:
        writer.execute(text("CREATE TABLE score (value int)"))
        writer.commit()
        writer.execute(text("INSERT INTO score VALUES (7)"))
        before = reader.execute(text("SELECT count(*) FROM score")).scalar_one()
        writer.commit()
        after = reader.execute(text("SELECT count(*) FROM score")).scalar_one()
    engine.dispose()
    assert (before, after) == (0, 1)


def test_it_copies_a_template_into_databases_of_their_own(server: Server) -> None:
    template = create_engine(server.create("template"))
    with template.begin() as connection:
        connection.execute(text("CREATE TABLE patient (name text)"))
    template.dispose()
    one, other = (create_engine(server.fresh_database(template="template")) for _ in range(2))
    with one.begin() as connection:
        connection.execute(text("INSERT INTO patient VALUES ('Ana')"))
    with other.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM patient")).scalar_one() == 0
    one.dispose()
    other.dispose()


def test_it_knows_letters_beyond_ascii(server: Server) -> None:
    engine = create_engine(server.fresh_database())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT lower('ÁÑ')")).scalar_one() == "áñ"
    engine.dispose()


def test_it_uses_a_server_that_is_already_there_and_leaves_it_clean(server: Server) -> None:
    guest = Server(server.create("host")).start()
    url = guest.fresh_database()
    with create_engine(url).connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar_one() == make_url(url).database
    guest.stop()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url.replace("+psycopg", ""))


def test_it_leaves_nothing_behind_when_stopped() -> None:
    server = Server()
    try:
        server.start()
    except CannotStart as fault:
        pytest.skip(str(fault))
    folder = folder_of(server.fresh_database())
    assert folder.is_dir()
    server.stop()
    assert not folder.exists()


def test_it_ends_when_the_tests_are_killed() -> None:
    program = "from tests.postgres import Server; print(Server().start().fresh_database(), flush=True); input()"
    tests = subprocess.Popen(  # noqa: S603 - our own Python, our own program
        [sys.executable, "-c", program], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert tests.stdout is not None
    url = tests.stdout.readline().strip()
    if not url:
        pytest.skip("no PostgreSQL could be started here")
    tests.kill()
    tests.communicate()
    assert goes_within(10, folder_of(url) / "data" / "postmaster.pid")
    shutil.rmtree(folder_of(url))  # what the killed ones could not do


def goes_within(seconds: float, file: Path) -> bool:
    deadline = time.monotonic() + seconds
    while file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not file.exists()


def folder_of(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))
