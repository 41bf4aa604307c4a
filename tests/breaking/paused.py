"""The product's own processes with one pause point, where a test kills them.

`python -m tests.breaking.paused WHAT WHERE`: WHAT is `web` or `clock`. WHERE is `screen` (a text is kept and not yet
understood), `before_send`, `after_send` (a prompt or page is with the carrier and not yet recorded), or `later`: no
pause, but the machine's clock is three minutes ahead, so that leases are over.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from apiflask import APIFlask
from werkzeug.serving import make_server

from backend.app import create_app
from backend.domain.concerns import Concern
from backend.messaging.gateway import Blocked, Gateway, Receipt, Received, Sms
from backend.services.house import House
from backend.web.current import HOUSE
from jobs.__main__ import Clock

PAUSED = "paused here"
LATER_ON = "later"
WELCOMES = "HELP for help."
LATER = timedelta(minutes=3)


def pause() -> None:
    """Say so, and wait to be killed."""
    sys.stdout.write(PAUSED + "\n")
    sys.stdout.flush()
    time.sleep(600)


@dataclass(frozen=True)
class PausingGateway:
    """The real gateway, with a stop before or after a text is handed over."""

    gateway: Gateway
    where: str

    def send(self, sms: Sms) -> Receipt:
        stops = not sms.body.endswith(WELCOMES)
        if stops and self.where == "before_send":
            pause()
        receipt = self.gateway.send(sms)
        if stops and self.where == "after_send":
            pause()
        return receipt

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        return self.gateway.find(to=to, body=body, since=since)

    def received_since(self, *, to: str, since: datetime) -> list[Received]:
        return self.gateway.received_since(to=to, since=since)

    def blocked_since(self, *, sender: str, since: datetime) -> list[Blocked]:
        return self.gateway.blocked_since(sender=sender, since=since)


def pausing_screen(_text: str, **_known: Any) -> Sequence[Concern]:
    pause()
    return ()


def changed(house: House, where: str) -> House:
    if where == "screen":
        return replace(house, clinical=replace(house.clinical, screen=pausing_screen))
    if where == LATER_ON:
        return replace(house, machine_now=lambda: datetime.now(UTC) + LATER)
    return replace(house, gateway=PausingGateway(house.gateway, where))


def main() -> None:
    what, where = sys.argv[1:]
    app: APIFlask = create_app()
    app.extensions[HOUSE] = changed(app.extensions[HOUSE], where)
    if what == "web":
        make_server("127.0.0.1", int(os.environ["PORT"]), app, threaded=True).serve_forever()
    else:
        Clock(app).start()
        Event().wait()


if __name__ == "__main__":
    main()
