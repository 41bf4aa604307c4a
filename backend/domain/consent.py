"""Whether a text that the clinic starts may go to this patient now (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.domain.protocol import Protocol, Window
from backend.domain.schedule import Calendars, above_caps, is_open

METHODS = ("written", "verbal", "electronic", "keyword", "text", "carrier", "staff")


class ConsentKind(StrEnum):
    """What a line of the consent ledger says. The newest line counts."""

    GIVEN = "given"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a patient stands with the clinic's texts."""

    consented: bool
    opted_out: bool = False
    on_hold: bool = False
    paused: bool = False
    discharged: bool = False
    deceased: bool = False
    quarantined: bool = False


def refusal(standing: Standing) -> str | None:
    """Why no text may be started to this patient at any hour, in words staff read; None when one may."""
    reasons = (
        (standing.deceased, "deceased"),
        (standing.discharged, "discharged"),
        (standing.quarantined, "the number may be somebody else's"),
        (standing.opted_out, "opted out"),
        (not standing.consented, "no consent on record"),
        (standing.on_hold, "on hold after a crisis"),
        (standing.paused, "paused"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def may_prompt(
    standing: Standing,
    prompted_at: Sequence[datetime],
    now: datetime,
    protocol: Protocol,
    zone: ZoneInfo,
    window: Window | None = None,
    then_on: Sequence[date] = (),
) -> str | None:
    """Why a check-in must not be prompted now; None when it may.

    `prompted_at`: the patient's earlier prompts; `then_on`: their local days where the patient lived then. `window`:
    the protocol's hours inside the patient's own, when they have some.
    """
    if reason := refusal(standing):
        return reason
    if not is_open(now, window or protocol.window, zone):
        return "outside the patient's hours"
    today = now.astimezone(zone).date()
    asked = Calendars([at.astimezone(zone).date() for at in prompted_at], list(then_on))
    if (today in asked.now or today in asked.then) and above_caps(today, [today], protocol):
        return "already asked today"
    if asked.above_caps(today, protocol):
        return "already asked three times this week"
    return None
