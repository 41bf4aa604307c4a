"""Runs the migrations on the application's own engine, the same history on SQLite and PostgreSQL."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from backend.store.tables import METADATA


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if not sqlite:
            # Two releases that start at once take turns.
            connection.exec_driver_sql("SELECT pg_advisory_lock(735001)")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            render_as_batch=True,
            compare_type=True,
            render_item=_render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
        if sqlite:
            connection.commit()


def _render_item(kind: str, item: object, _autogen: AutogenContext) -> str | Literal[False]:
    """Migrations name the plain column types, so that they outlive the code of today."""
    if kind != "type":
        return False
    names = {
        "UtcDateTime": "sa.DateTime(timezone=True)",
        "EncryptedText": "sa.LargeBinary()",
    }
    return names.get(type(item).__name__, False)


run()
