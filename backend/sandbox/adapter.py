"""A requests adapter into a WSGI app: the real Twilio client talks to the sandbox without a socket."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import ConnectionError as NoConnection
from requests import PreparedRequest, ReadTimeout, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from werkzeug.test import EnvironBuilder, run_wsgi_app

from backend.sandbox.account import WebhookPost
from backend.sandbox.faults import ConnectionCut, NoAnswer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class WsgiAdapter(BaseAdapter):
    """`session.mount("https://api.twilio.com", WsgiAdapter(app))`.

    The sandbox's faults come out as requests' own errors; an answer later than the read timeout is one too.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as above
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002 - as above
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        del stream, verify, cert, proxies
        started = monotonic()
        try:
            body, status, headers = run_wsgi_app(self._app, _environ(request), buffered=True)
        except NoAnswer:
            raise ReadTimeout(request=request) from None
        except ConnectionCut:
            raise NoConnection("the connection was cut", request=request) from None
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and monotonic() - started > patience:
            raise ReadTimeout(request=request)
        return _response(request, body, status, list(headers.items()))

    def close(self) -> None:
        """Nothing is open."""


def wsgi_post(app: "WSGIApplication") -> WebhookPost:
    """Return a `webhook_post` for SandboxSettings that tells a product in the same process."""
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, WsgiAdapter(app))

    def post(url: str, params: dict[str, str], headers: dict[str, str]) -> tuple[int, str, str]:
        response = session.post(url, data=params, headers=headers, allow_redirects=False)
        return response.status_code, response.headers.get("Content-Type", ""), response.text

    return post


def _environ(request: PreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body = request.body.encode() if isinstance(request.body, str) else request.body
    builder = EnvironBuilder(
        path=parts.path or "/",
        query_string=parts.query,
        base_url=f"{parts.scheme}://{parts.netloc}/",
        method=request.method or "GET",
        headers=list(request.headers.items()),
        input_stream=BytesIO(body if isinstance(body, bytes) else b""),
    )
    environ = builder.get_environ()
    raw = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return {**environ, "RAW_URI": raw, "REQUEST_URI": raw, "REMOTE_ADDR": "127.0.0.1"}


def _response(request: PreparedRequest, body: Iterable[bytes], status: str, headers: list[tuple[str, str]]) -> Response:
    response = Response()
    response.status_code = int(status.split(" ", 1)[0])
    response.reason = status.partition(" ")[2]
    response.headers = CaseInsensitiveDict(headers)
    response.raw = BytesIO(b"".join(body))
    response.encoding = "utf-8"
    response.url = request.url or ""
    response.request = request
    return response
