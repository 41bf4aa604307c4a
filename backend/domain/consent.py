"""Whether a text that the clinic starts may go to this patient now (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.domain.protocol import Protocol, Window
from backend.domain.schedule import Calendars, above_caps, is_open

METHODS = ("written", "verbal", "electronic", "keyword", "text", "carrier", "staff")
CHANNELS = ("phone", "email", "in_person", "letter", "other")
"""How somebody takes consent back other than by text: any reasonable way counts (FCC)."""


class ConsentKind(StrEnum):
    """What a line of the consent ledger says. The newest line counts."""

    GIVEN = "given"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


class StandingKind(StrEnum):
    """What a line of the standing ledger says."""

    PAUSED = "paused"
    RESUMED = "resumed"
    DISCHARGED = "discharged"
    DECEASED = "deceased"
    QUARANTINED = "quarantined"
    VERIFIED = "verified"
    HOLD_STARTED = "hold_started"
    HOLD_ENDED = "hold_ended"
    CARRIER_BLOCKED = "carrier_blocked"
    CARRIER_UNBLOCKED = "carrier_unblocked"
    NUMBER_CHANGE_ASKED = "number_change_asked"
    NUMBER_UNANSWERED = "number_unanswered"
    NUMBER_CHANGE_DROPPED = "number_change_dropped"
    NUMBER_CHANGED = "number_changed"
    NUMBER_RELEASED = "number_released"
    AGREED = "agreed"


_CARRIER_STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_CARRIER_STARTS = frozenset({"START", "YES", "UNSTOP"})
_YES = frozenset({"1", "yes", "y", "si", "sí", "uno", "one"})


def carrier_hears(body: str) -> ConsentKind | None:
    """What the carrier makes of a text by itself: on these words alone it blocks or unblocks the number, whatever we
    read in them (TWILIO.md 5.1).
    """
    word = body.strip().upper()
    if word in _CARRIER_STOPS:
        return ConsentKind.OPT_OUT
    return ConsentKind.OPT_IN if word in _CARRIER_STARTS else None


def says_yes(body: str) -> bool:
    """Whether the whole text is a plain yes to the question whether a new number is the right one."""
    return body.strip().strip(".!").strip().casefold() in _YES


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
    carrier_blocked: bool = False
    number_pending: bool = False


CARRIER_BLOCKS = "the carrier blocks this number until START comes from that phone"
NUMBER_PENDING = "the new number is not confirmed yet"


def refusal(standing: Standing) -> str | None:
    """Why no text may be started to this patient at any hour, in words staff read; None when one may."""
    reasons = (
        (standing.deceased, "deceased"),
        (standing.discharged, "discharged"),
        (standing.quarantined, "the number may be somebody else's"),
        (standing.opted_out, "opted out"),
        (not standing.consented, "no consent on record"),
        (standing.carrier_blocked, CARRIER_BLOCKS),
        (standing.number_pending, NUMBER_PENDING),
        (standing.on_hold, "on hold after a crisis"),
        (standing.paused, "paused"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def refusal_of_words(standing: Standing) -> str | None:
    """Why staff cannot write to this patient by text, in words they read; None when they may. A pause or a hold stops
    what the clinic's clock starts, not what a person writes.
    """
    reasons = (
        (standing.deceased, "this patient died; nothing is sent to their number any more"),
        (standing.discharged, "this patient is discharged and gets no texts; phone them"),
        (standing.opted_out, "this patient opted out of texts; phone them"),
        (standing.quarantined, "the number may be somebody else's; verify it first, by phone or in person"),
        (standing.carrier_blocked, f"{CARRIER_BLOCKS}; phone them"),
        (standing.number_pending, f"{NUMBER_PENDING}; phone them"),
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
