"""Fixtures of every room: a town on SQLite, or on each database in turn."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import upgrade
from hypothesis import HealthCheck, settings

from backend.app import build_app
from backend.store.database import db
from tests.browser import chromium
from tests.postgres import Server, postgres_server
from tests.town import Town, town_settings

__all__ = ["chromium", "postgres_server"]

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


def migrate(database_url: str, folder: Path) -> None:
    """Bring an empty database to the newest schema, by the migrations themselves."""
    with build_app(town_settings(database_url, folder)).app_context():
        upgrade()
        db.engine.dispose()  # the last connection to close brings SQLite's journal into the file


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    folder = tmp_path_factory.mktemp("empty")
    migrate(f"sqlite:///{folder}/empty.db", folder)
    return folder / "empty.db"


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    migrate(postgres_server.create("empty"), tmp_path_factory.mktemp("empty-pg"))
    return "empty"


@pytest.fixture
def sqlite_url(empty_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(empty_sqlite, tmp_path / "aftercare.db")
    return f"sqlite:///{tmp_path}/aftercare.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """A migrated database of each kind in turn."""
    if request.param == "sqlite":
        return sqlite_url
    server: Server = request.getfixturevalue("postgres_server")
    return server.fresh_database(request.getfixturevalue("empty_postgres"))


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    """The town of all stories, on SQLite."""
    yield from _founded(sqlite_url, tmp_path)


@pytest.fixture
def any_town(any_url: str, tmp_path: Path) -> Iterator[Town]:
    """The same town on each database in turn."""
    yield from _founded(any_url, tmp_path)


def _founded(url: str, folder: Path) -> Iterator[Town]:
    founded = Town(url, folder)
    founded.found_clinics()
    yield founded
    founded.close()
