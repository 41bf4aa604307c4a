"""The JSON API under `/api/v1`, for a clinic's own systems."""

from apiflask import APIFlask

from backend.web.api import check_ins, escalations, messages, patients, questionnaires, standing, timeline, treatments
from backend.web.api.openapi import describe
from backend.web.api.operation import api
from backend.web.api.problems import HANDLERS, only_problems

__all__ = [
    "check_ins",
    "escalations",
    "messages",
    "patients",
    "questionnaires",
    "register_api",
    "standing",
    "timeline",
    "treatments",
]

for _kind, _answer in HANDLERS.items():
    api.register_error_handler(_kind, _answer)


def register_api(app: APIFlask) -> None:
    """Put the API and its description on the application."""
    app.register_blueprint(api)
    app.after_request(only_problems)
    describe(app)
