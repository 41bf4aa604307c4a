"""The sandbox's composition root: one Flask app around one carrier."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from backend.sandbox.account import SandboxSettings
from backend.sandbox.carrier import open_carrier
from backend.sandbox.faults import FaultyWire
from backend.sandbox.handsets import NumberConverter, town_pages
from backend.sandbox.rest import API_VERSION, Answer, http_error, rest_api

_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; "
)
_MOST_BYTES = 200_000


def create_sandbox(settings: SandboxSettings) -> Flask:
    """Build the sandbox; its Carrier is `app.extensions["carrier"]`, with `pump()` for tests."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it, its base class does not
    app.url_map.converters["number"] = NumberConverter
    carrier = open_carrier(settings)
    app.extensions["carrier"] = carrier
    app.register_blueprint(rest_api(carrier))
    app.register_blueprint(town_pages(carrier))
    app.register_error_handler(HTTPException, _error)
    app.after_request(_harden)
    app.wsgi_app = FaultyWire(app.wsgi_app, carrier.board)  # type: ignore[method-assign]  # Flask's own way to wrap it
    return app


def _error(error: HTTPException) -> Answer:
    """Answer in Twilio's shape under its own paths, in the page's elsewhere."""
    if request.path.startswith(f"/{API_VERSION}/"):
        return http_error(error)
    return jsonify(error=error.description), error.code or 500


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY + "form-action 'self'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
