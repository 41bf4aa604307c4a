"""Notices from the carrier to the product: status callbacks, and the record of whatever went wrong with a webhook."""

from typing import Any

from backend.sandbox.agenda import Agenda
from backend.sandbox.codes import ALERTS
from backend.sandbox.faults import FaultBoard
from backend.sandbox.ledger import Ledger
from backend.sandbox.webhooks import Answer, Webhooks

_COPIES = {"lost": 0, "normal": 1, "duplicate": 2}


class Callbacks:
    """Plans and posts status callbacks; faults may lose or double them."""

    def __init__(self, ledger: Ledger, agenda: Agenda, webhooks: Webhooks, board: FaultBoard) -> None:
        self._ledger = ledger
        self._agenda = agenda
        self._webhooks = webhooks
        self._board = board
        agenda.register("callback", self._post, slow=True)

    def plan(self, url: str, sid: str, params: dict[str, str]) -> None:
        """Post `params` to `url` as soon as the present request is over; an empty URL wants nothing."""
        if url:
            self._agenda.soon(0, "callback", url=url, sid=sid, params=params)

    def alert(self, code: int, detail: str, sid: str, url: str) -> None:
        """Keep an entry of the carrier's error log, which the page and GET /alerts show."""
        message = f"{ALERTS.get(code, 'Error')}: {detail}" if detail else ALERTS.get(code, "Error")
        self._ledger.run(
            "INSERT INTO alerts (at, code, message, sid, url) VALUES (?, ?, ?, ?, ?)",
            self._agenda.now(),
            code,
            message,
            sid,
            url,
        )

    def alert_failures(self, answers: list[Answer], sid: str) -> None:
        for answer in answers:
            if answer.fault:
                status = f"status {answer.status}, " if answer.status else ""
                self.alert(answer.code, f"{status}after {answer.tries} tries", sid, answer.url)

    def _post(self, payload: dict[str, Any]) -> None:
        for _ in range(_COPIES[self._board.now.callbacks]):
            self.alert_failures(self._webhooks.post(payload["url"], payload["params"]), payload["sid"])
