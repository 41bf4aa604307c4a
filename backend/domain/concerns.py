"""What a text may give reason to worry about, how urgent that is, and which fixed reply answers it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """FHIR request priorities, least to most urgent (CLINICAL.md: L4 none ... L0 stat)."""

    NONE = 0
    ROUTINE = 1
    URGENT = 2
    ASAP = 3
    STAT = 4

    @property
    def label(self) -> str:
        """The word on every screen and in every answer: `none`, `routine`, `urgent`, `asap`, `stat`."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> "Priority":
        return cls[label.upper()]


class ReplyKind(StrEnum):
    """Which of the clinic's fixed texts answers a text (CLINICAL.md 10). The words live in `config/texts`."""

    CRISIS = "crisis"
    CRISIS_REPEAT = "crisis_repeat"
    MEDICAL = "medical"
    URGENT = "urgent"
    SOFT = "soft"
    NEUTRAL = "neutral"
    UNKNOWN_SENDER = "unknown_sender"
    STOP = "stop"
    START = "start"
    HELP = "help"
    ASK_PAIN = "ask_pain"
    ASK_MOOD = "ask_mood"
    ASK_SLEEP = "ask_sleep"
    ASK_SIDE_EFFECTS = "ask_side_effects"
    ASK_BLADDER = "ask_bladder"
    ASK_ENERGY = "ask_energy"
    THANKS_READ = "thanks_read"
    CONFIRM = "confirm"
    THANKS = "thanks"
    STAFF = "staff"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason to worry, with the rule that found it.

    `span` indexes the text as it was sent (half-open, in characters) and `quote` is that part of it; both are empty
    for concerns that no words raised (a low score, a text that could not be read). `why` is one sentence a nurse reads.
    `softened`: it was denied, or said of somebody else, of long ago or as a figure of speech.
    """

    name: str
    priority: Priority
    reply: ReplyKind
    rule: str
    why: str
    span: tuple[int, int] | None = None
    quote: str = ""
    softened: bool = False


UNSCREENED = frozenset({"unscreened", "other_language", "unscannable"})
"""The concerns of a text that could not be read, or not well enough."""


def worst_first(concerns: "list[Concern] | tuple[Concern, ...]") -> tuple[Concern, ...]:
    """Most urgent first; among equals the one that stands first in the text."""
    return tuple(sorted(concerns, key=lambda c: (-c.priority, c.span or (-1, -1), c.rule)))
