"""The carrier: texts, calls, callbacks and faults around one ledger and the town clock."""

from dataclasses import dataclass
from typing import TypedDict

from backend.sandbox.account import SandboxSettings
from backend.sandbox.agenda import Agenda
from backend.sandbox.callbacks import Callbacks
from backend.sandbox.faults import FaultBoard
from backend.sandbox.ledger import Ledger
from backend.sandbox.texts import Texts
from backend.sandbox.town import TownClock
from backend.sandbox.voice import Voice
from backend.sandbox.webhooks import Webhooks


class _Business(TypedDict):
    settings: SandboxSettings
    ledger: Ledger
    agenda: Agenda
    webhooks: Webhooks
    callbacks: Callbacks
    board: FaultBoard


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """All that stands behind the sandbox's HTTP; tests reach it as `app.extensions["carrier"]`."""

    settings: SandboxSettings
    town: TownClock
    ledger: Ledger
    agenda: Agenda
    board: FaultBoard
    texts: Texts
    voice: Voice

    def pump(self) -> int:
        """Do everything that is due at the town's now: states, callbacks, calls. Returns how many things were done."""
        return self.agenda.pump()

    def stop(self) -> None:
        self.agenda.stop()


def open_carrier(settings: SandboxSettings) -> Carrier:
    """Build a carrier on its state; starts its threads if the settings want them."""
    town, ledger, board = TownClock(settings.clock_path), Ledger(settings.state_path), FaultBoard()
    agenda = Agenda(ledger, town, background=settings.background)
    webhooks = Webhooks(settings.auth_token, settings.webhook_post)
    callbacks = Callbacks(ledger, agenda, webhooks, board)
    business = _Business(
        settings=settings, ledger=ledger, agenda=agenda, webhooks=webhooks, callbacks=callbacks, board=board
    )
    carrier = Carrier(
        settings=settings,
        town=town,
        ledger=ledger,
        agenda=agenda,
        board=board,
        texts=Texts(**business),
        voice=Voice(**business),
    )
    if settings.background:
        agenda.start()
    return carrier
