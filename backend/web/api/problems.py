"""What goes wrong, as RFC 9457 problems: which field and how to mend it, never what was given."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from apiflask.exceptions import HTTPError
from flask import Response, request
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from backend.services.invalid import Conflict, Invalid, NotFound
from backend.web.api.fields import Answer

PROBLEM = "application/problem+json"
ROOT = "/api/v1"
_OURS = re.compile(r"[a-z_]{1,40}")

_DETAILS = {
    400: "The body is not JSON.",
    401: "Send a token of this clinic's: `Authorization: Bearer aftercare_…`.",
    403: "This token may not do that.",
    404: "There is no such thing here.",
    405: "This address does not take that method; `Allow` lists those it takes.",
    409: "Another change came in between. Look again, then try again.",
    413: "The request is too large.",
    415: "Send JSON, as `Content-Type: application/json`.",
    422: "Some of it cannot be taken; nothing was saved.",
    500: "Something failed on our side and was logged.",
}

_FAULTS = {
    "missing": "this field is required",
    "extra_forbidden": "this field is not known here",
    "string_type": "write text",
    "string_unicode": "write valid Unicode text",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "list_type": "write a list",
    "model_type": "write a JSON object",
    "model_attributes_type": "write a JSON object",
    "dict_type": "write a JSON object",
}

_LIMITS = {
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "too_long": "write at most {max_length} items",
    "greater_than_equal": "write at least {ge}",
    "less_than_equal": "write at most {le}",
}


class FieldFault(Answer):
    """One field that cannot be taken, and how to mend it."""

    field: str
    message: str


class Problem(Answer):
    """An RFC 9457 problem. It never repeats what was sent."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldFault]


def problem(
    status: int, detail: str = "", faults: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to what went wrong. `faults` maps each field to how to mend it."""
    return Response(_told(status, detail, faults or {}), status, headers, content_type=PROBLEM)


def _told(status: int, detail: str, faults: Mapping[str, str]) -> str:
    found = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail or _DETAILS.get(status, HTTPStatus(status).phrase),
        errors=[FieldFault(field=field, message=message) for field, message in faults.items()],
    )
    return json.dumps(found.model_dump())


def of_invalid(error: Invalid) -> Response:
    return problem(422, faults=error.faults)


def of_not_found(_error: NotFound) -> Response:
    return problem(404)


def of_conflict(error: Conflict) -> Response:
    return problem(409, str(error))


def of_clash(_error: IntegrityError) -> Response:
    """Two requests at once wanted the same unique thing; the database let one have it."""
    return problem(409)


def of_depth(_error: RecursionError) -> Response:
    """JSON nested so deeply that it cannot be read."""
    return problem(400)


def of_model(error: HTTPError) -> Response:
    """A body or a query that does not fit its model."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return problem(error.status_code)
    faults: dict[str, str] = {}
    found: Mapping[str, Any]
    for found in cause.errors(include_url=False, include_input=False):
        faults.setdefault(_field_of(found), _fault_of(found))
    return problem(422, faults=faults)


def _field_of(error: Mapping[str, Any]) -> str:
    """Where it is, in our own words: an unknown key is the caller's text and may hold anything."""
    path = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden" and not _OURS.fullmatch(path[-1]):
        path = path[:-1]
    return ".".join(path) or "body"


def _fault_of(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error"))
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context)
    return _FAULTS.get(kind, "write it in the form that the API's description gives")


def only_problems(response: Response) -> Response:
    """Under the API's address also what the router refused is a problem; caches keep nothing of any answer."""
    if not _is_ours(request.path):
        return response
    response.headers["Cache-Control"] = "no-store"
    if response.status_code >= HTTPStatus.BAD_REQUEST and response.mimetype != PROBLEM:
        response.set_data(_told(response.status_code, "", {}))
        response.content_type = PROBLEM
    return response


def _is_ours(path: str) -> bool:
    return path == ROOT or path.startswith(f"{ROOT}/")


HANDLERS: dict[type[Exception], Any] = {
    Invalid: of_invalid,
    NotFound: of_not_found,
    Conflict: of_conflict,
    IntegrityError: of_clash,
    RecursionError: of_depth,
    HTTPError: of_model,
}
