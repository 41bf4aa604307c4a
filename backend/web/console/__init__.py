"""The staff console: pages rendered here, one module a feature."""

from apiflask import APIFlask

from backend.web.console import cases, clinic, enrol, patients, questionnaires, queue, sign_in, standing, treatments
from backend.web.console.blueprint import console
from backend.web.console.errors import register_errors
from backend.web.console.shown import register_shown
from backend.web.security import protect

FEATURES = (cases, clinic, enrol, patients, questionnaires, queue, sign_in, standing, treatments)
"""Imported for the pages they put on the blueprint."""


def register_console(app: APIFlask) -> None:
    """Put the console's pages, guards and error pages on the application."""
    console.enable_openapi = False  # type: ignore[attr-defined] # APIFlask's own switch; only the API is described
    register_shown(app)
    register_errors(app)
    protect(app)
    app.register_blueprint(console)
