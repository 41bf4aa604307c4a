"""One operation of the API: who may, what comes in, what goes out, checked in that order and described as it is."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from apiflask import APIBlueprint
from flask import request

from backend.web.api.access import refusal
from backend.web.api.fields import Answer, Body, Query
from backend.web.api.idempotency import idempotent
from backend.web.api.problems import ROOT, problem

View = Callable[..., Any]
BARE: set[str] = set()
"""The operations whose body may be left out."""

api = APIBlueprint("api", __name__, url_prefix=ROOT)


def operation(
    method: str,
    rule: str,
    *scopes: str,
    answer: type[Answer],
    status: int = 200,
    body: type[Body] | None = None,
    query: type[Query] = Query,
    may_be_bare: bool = False,
) -> Callable[[View], View]:
    """Put a view on the API. It gets `query` and `body` as keyword arguments of these names, already checked. One that
    `may_be_bare` also takes no body at all, as if it were an empty one.
    """

    def register(view: View) -> View:
        shown: View = api.output(answer, status_code=status)(view)
        shown = idempotent(shown) if method == "POST" else shown
        if body is not None:
            read = _only_json(api.input(body, location="json", arg_name="body")(shown))
            shown = _or_bare(read, shown, body) if may_be_bare else read
        if may_be_bare:
            BARE.add(view.__name__)
        shown = api.input(query, location="query", arg_name="query")(_without_empty(shown, query))
        shown = api.doc(operation_id=view.__name__, security=[{"bearer": list(scopes)}], tags=[_tag(rule)])(shown)
        api.route(rule, methods=[method])(_guarded(shown, scopes))
        return view

    return register


def _tag(rule: str) -> str:
    words = [part for part in rule.split("/") if part and not part.startswith("<")]
    return (words[1] if len(words) > 1 and words[1] in {"treatments", "messages"} else words[0]).capitalize()


def _without_empty(view: View, query: type[Query]) -> View:
    """A view of an operation that asks for no query does not want the empty one."""

    @wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        if query is Query:
            kwargs.pop("query")
        return view(*args, **kwargs)

    return called


def _only_json(view: View) -> View:
    @wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if request.is_json else problem(415)

    return called


def _or_bare(view: View, bare: View, body: type[Body]) -> View:
    @wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if request.get_data() else bare(*args, body=body(), **kwargs)

    return called


def _guarded(view: View, scopes: Sequence[str]) -> View:
    @wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        return refusal(scopes) or view(*args, **kwargs)

    return called
