"""Parts of a page that ask again by themselves: sent only when they changed."""

import hashlib

from flask import Response, make_response, render_template, request


def etag(*facts: object) -> str:
    """A mark that changes when any of the facts does."""
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def unchanged(mark: str) -> Response | None:
    """304 when the browser still shows what this mark stands for."""
    if request.headers.get("If-None-Match") == mark:
        return Response(status=304, headers={"ETag": mark})
    return None


def part(mark: str, template: str, /, **facts: object) -> Response:
    response = make_response(render_template(template, **facts))
    response.headers["ETag"] = mark
    return response
