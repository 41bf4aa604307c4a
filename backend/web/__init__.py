"""The ways in over HTTP: parse, one call to a service, respond."""

from apiflask import APIFlask

from backend.web.api import register_api
from backend.web.console import register_console
from backend.web.health import health
from backend.web.metrics import metrics
from backend.web.twilio_webhooks import webhooks


def register(app: APIFlask) -> None:
    """Put every way in on the application."""
    for blueprint in (webhooks, health, metrics):
        blueprint.enable_openapi = False  # type: ignore[attr-defined] # APIFlask's own switch; only the API is described
        app.register_blueprint(blueprint)
    register_api(app)
    register_console(app)
