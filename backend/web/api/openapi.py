"""The API's own description, OpenAPI 3.1: every way it can answer is in it, also when it refuses."""

import json
import re
from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, jsonify

from backend.web.api.idempotency import FORM, HEADER
from backend.web.api.operation import BARE, api
from backend.web.api.problems import PROBLEM, Problem

Spec = dict[str, Any]

_ABOUT = """Everything here belongs to the one clinic whose token is sent; another clinic's ids are not found.

Times are RFC 3339 with their offset. Lists come in pages: pass `next_cursor` of one page as `cursor` for the next;
it is null on the last. Unknown fields are refused.

A POST may carry an `Idempotency-Key`. Sent again with the same key and the same content it is answered as it was the
first time (with `Idempotency-Replayed: true`) and does nothing. A refusal (4xx) did nothing and frees the key. With a
key whose first request is still running, or whose answer could not be kept, the answer is 409; with a key of another
request it is 422.

Tokens act for the clinic. Where a named person must act, `staff_id` says who."""

_SAID = {
    "400": "The body is not JSON.",
    "401": "No valid token.",
    "403": "The token lacks a scope.",
    "404": "No such thing in this clinic.",
    "409": "It cannot be done in the state things are in.",
    "413": "The request is too large.",
    "415": "The body is not sent as JSON.",
    "422": "Some of it cannot be taken; `errors` names each field.",
    "default": "Anything else that went wrong.",
}
_OF_BODIES = {"400", "413", "415"}


def describe(app: APIFlask) -> None:
    """Let the application describe the API, and only that."""
    app.title, app.version = "Aftercare", "1"
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION=_ABOUT,
        AUTO_SERVERS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of the clinic's, from `aftercare token create`. What it may do are its scopes.",
            }
        },
    )
    app.spec_processor(_finish)


@api.get("/openapi.json")
@api.doc(hide=True)
def openapi() -> Response:
    app: APIFlask = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - a proxy's documented way
    return jsonify(app.spec)


def _finish(spec: Spec | str) -> Spec:
    """What APIFlask leaves out: problems, required bodies, ids in paths, and the header of every POST."""
    assert isinstance(spec, dict)
    schemas = spec["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for schema in schemas.values():
        _forget_null_defaults(schema)
    for path in spec["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    return _with_plain_names(spec)


def _forget_null_defaults(schema: Spec) -> None:
    """A field that may be left out is not the same as one that is null."""
    for field in schema.get("properties", {}).values():
        if field.get("default", ...) is None:
            del field["default"]


def _with_plain_names(spec: Spec) -> Spec:
    """APIFlask names a nested schema after each of its parents; ours have one meaning wherever they stand."""
    plain: Spec = json.loads(re.sub(r"(#/components/schemas/)[A-Za-z]+\.", r"\1", json.dumps(spec)))
    plain["components"]["schemas"] = {
        name.rpartition(".")[2]: schema for name, schema in plain["components"]["schemas"].items()
    }
    return plain


def _complete(method: str, operation: Spec) -> None:
    for parameter in operation["parameters"]:
        _mend(parameter)
    if method == "post":
        operation["parameters"].append(_key_parameter())
    if "requestBody" in operation:
        operation["requestBody"]["required"] = operation["operationId"] not in BARE
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in _refusals(method, operation):
        operation["responses"][status] = {"description": _SAID[status], "content": content}


def _refusals(method: str, operation: Spec) -> list[str]:
    has_id = any(parameter["in"] == "path" for parameter in operation["parameters"])
    left_out = set() if "requestBody" in operation else set(_OF_BODIES)
    left_out |= set() if has_id else {"404"}
    left_out |= {"409"} if method == "get" else set()
    return [status for status in _SAID if status not in left_out]


def _mend(parameter: Spec) -> None:
    """Ids in paths are UUIDs; a query cannot carry null."""
    if parameter["in"] == "path":
        parameter["schema"] = {"type": "string", "format": "uuid"}
        parameter["required"] = True
        return
    schema = parameter["schema"]
    if "anyOf" in schema:
        described = {key: value for key, value in schema.items() if key in {"title", "description"}}
        parameter["schema"] = schema["anyOf"][0] | described


def _key_parameter() -> Spec:
    return {
        "in": "header",
        "name": HEADER,
        "required": False,
        "description": "Any text of your own that is new for each thing to be done.",
        "schema": {"type": "string", "pattern": FORM},
    }
