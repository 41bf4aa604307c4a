"""The ways in over HTTP: parse, one call to a service, respond."""

from apiflask import APIFlask

from backend.web.health import health
from backend.web.twilio_webhooks import webhooks


def register(app: APIFlask) -> None:
    """Put every way in on the application."""
    for blueprint in (webhooks, health):
        app.register_blueprint(blueprint)
