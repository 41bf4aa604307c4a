"""Whether a text that the clinic starts may go to this patient now (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.domain.protocol import Protocol, Window
from backend.domain.schedule import above_caps, is_open

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
) -> str | None:
    """Why a check-in must not be prompted now; None when it may.

    `prompted_at`: the patient's earlier prompts. `window`: the protocol's hours inside the patient's own, when they
    have some.
    """
    if reason := refusal(standing):
        return reason
    if not is_open(now, window or protocol.window, zone):
        return "outside the patient's hours"
    today, days = now.astimezone(zone).date(), [at.astimezone(zone).date() for at in prompted_at]
    if today in days and above_caps(today, [today], protocol):
        return "already asked today"
    if above_caps(today, days, protocol):
        return "already asked three times this week"
    return None
