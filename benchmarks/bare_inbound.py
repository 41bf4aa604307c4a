"""The least an inbound webhook can do: check the signature, commit one row, answer. Served beside the product."""

import json
import os
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask, Response, abort, request
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from twilio.request_validator import RequestValidator
from uuid_utils.compat import uuid7

from backend.store.database import WRITES, UtcDateTime, db, init_database
from config.settings import SANDBOX_AUTH_TOKEN

PATH = "/inbound"


class Bare(DeclarativeBase):
    """Tables that the product does not have."""


class BareText(Bare):
    """A text as it came, in the clear."""

    __tablename__ = "bare_texts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    message_sid: Mapped[str] = mapped_column(String(64), unique=True)
    sender: Mapped[str] = mapped_column(String(64), index=True)
    body: Mapped[str]
    parameters: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime())


def create_app() -> Flask:
    """The same engine, the same queue of writers and the same durability as the product's."""
    app = Flask("bare")
    init_database(app, os.environ["DATABASE_URL"], [os.environ["FIELD_KEYS"]])
    public_url, validator = os.environ["PUBLIC_URL"], RequestValidator(SANDBOX_AUTH_TOKEN)

    @app.post(PATH)
    def inbound() -> Response:
        if not validator.validate(public_url + PATH, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        _keep(request.form.to_dict())
        return Response("<Response/>", content_type="text/xml")

    return app


def create_tables(app: Flask) -> None:
    with app.app_context():
        Bare.metadata.create_all(db.engine)
        db.engine.dispose()


def _keep(form: dict[str, str]) -> None:
    session = db.session
    session.connection(execution_options={WRITES: True})
    text = BareText(
        message_sid=form["MessageSid"],
        sender=form["From"],
        body=form["Body"],
        parameters=json.dumps(form),
        received_at=datetime.now(UTC),
    )
    session.add(text)
    session.commit()
