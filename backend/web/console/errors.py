"""Error pages for people; whatever is not the console's keeps its own answers."""

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from backend.services.invalid import Conflict, NotFound
from backend.web.console.blueprint import console

OTHERS = ("/api", "/fhir", "/twilio", "/livez", "/readyz", "/metrics", "/static")
_WORDS = {
    400: ("That did not work", "The browser sent something this page cannot take. Go back and try again."),
    403: ("Not for your role", "Your role may read this clinic's cases and patients, but not change them."),
    404: ("Not here", "There is no such page, case or patient at your clinic."),
    405: ("That did not work", "This page cannot be used that way."),
    409: ("Somebody was faster", "This was changed in the meantime. Go back and look again."),
    413: ("Too much at once", "What was sent is too large."),
    500: (
        "Something broke here",
        "Nothing was saved. Patients' texts are still kept. If this stays, call whoever runs Aftercare.",
    ),
}


def register_errors(app: Flask) -> None:
    for code in _WORDS:
        app.register_error_handler(code, friendly)


def friendly(error: HTTPException) -> HTTPException | tuple[str, int]:
    """The error as a page; as it was for everything that is not the console's."""
    return error if request.path.startswith(OTHERS) else page(error.code or 500)


def page(code: int, words: str = "") -> tuple[str, int]:
    title, usual = _WORDS.get(code, _WORDS[500])
    return render_template("console/error.html", title=title, words=words or usual, code=code), code


@console.errorhandler(NotFound)
def not_found(_error: NotFound) -> tuple[str, int]:
    return page(404)


@console.errorhandler(Conflict)
def conflict(error: Conflict) -> tuple[str, int]:
    return page(409, str(error))


@console.errorhandler(CSRFError)
def not_our_form(_error: CSRFError) -> tuple[str, int]:
    return page(
        400, "This form is too old to send: you have signed in again since. Go back, reload, and send it once more."
    )
