"""Whether a text that the clinic starts may go to this patient now (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.domain.protocol import Protocol
from backend.domain.schedule import is_open

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


def refusal(standing: Standing) -> str | None:
    """Why no text may be started to this patient at any hour, in words staff read; None when one may."""
    reasons = (
        (standing.discharged, "discharged"),
        (standing.opted_out, "opted out"),
        (not standing.consented, "no consent on record"),
        (standing.on_hold, "on hold after a crisis"),
        (standing.paused, "paused"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def may_prompt(
    standing: Standing, prompted_at: Sequence[datetime], now: datetime, protocol: Protocol, zone: ZoneInfo
) -> str | None:
    """Why a check-in must not be prompted now; None when it may.

    `prompted_at`: the patient's earlier prompts. Caps count the patient's own calendar days (today, and the seven days
    that end today), because a plan of days 0, 1, 3 and 7 is three a week to the person who gets it.
    """
    if reason := refusal(standing):
        return reason
    if not is_open(now, protocol.window, zone):
        return "outside the patient's hours"
    today = now.astimezone(zone).date()
    days = [at.astimezone(zone).date() for at in prompted_at]
    if sum(day == today for day in days) >= protocol.prompts_a_day:
        return "already asked today"
    if sum(today - timedelta(days=6) <= day <= today for day in days) >= protocol.prompts_in_seven_days:
        return "already asked three times this week"
    return None
