"""Whether the process is up, and whether it can do its job."""

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, jsonify

from backend.services.operating.health import health_of
from backend.web.current import house

health = Blueprint("health", __name__)


@health.get("/livez")
def livez() -> Response:
    return jsonify(status="up")


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 while everything needed is there; otherwise 503 that names what is not."""
    migrations = ScriptDirectory(current_app.extensions["migrate"].directory)
    found = health_of(house(), migrations)
    return jsonify(status="ready" if found.is_well else "not ready", mode=found.mode, checks=found.checks), (
        200 if found.is_well else 503
    )
