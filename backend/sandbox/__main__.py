"""Runs the sandbox carrier: python -m backend.sandbox."""

import logging
import os
import signal
from threading import Thread
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from backend.sandbox.account import settings_from
from backend.sandbox.app import create_sandbox


class _QuietHandler(WSGIRequestHandler):
    """Logs no requests: they hold numbers and, in the page's case, come twice a second."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = settings_from(os.environ)
    app = create_sandbox(settings)
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("SANDBOX_PORT", "8001"))
    server = make_server(host, port, app, threaded=True, request_handler=_QuietHandler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        Thread(target=server.shutdown).start()  # waits for the loop below, which this very thread runs

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.getLogger(__name__).info("sandbox carrier: http://%s:%d/ -> %s", host, port, settings.webhook_base)
    server.serve_forever()
    app.extensions["carrier"].stop()


if __name__ == "__main__":
    main()
