"""What is known of a sender before a text, as the rules see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from backend.domain.answers import SoFar
from backend.domain.concerns import Priority
from backend.domain.scores import Measure, Nrs


@dataclass(frozen=True, slots=True)
class CrisisSent:
    """A crisis text that went to this patient: when, whether in full, and for how urgent a concern."""

    at: datetime
    full: bool
    priority: Priority


class Stranger(StrEnum):
    """Why whoever writes may not be the patient."""

    QUARANTINED = "quarantined"
    UNCONFIRMED = "unconfirmed"
    DECEASED = "deceased"


@dataclass(frozen=True, slots=True)
class Treated:
    """The newest treatment that stands, and how many hours before the text it had ended."""

    ended_at: datetime
    setting: str
    co_sedative: bool
    hours: float


@dataclass(frozen=True, slots=True)
class History:
    """What is known of the sender before this text. The default is a sender of whom nothing is known.

    `later` are scores of texts that were sent after this one but understood before it, read again now that this one is
    there; `reread` are those of them that come out otherwise than before. `course` are the moods since the newest
    treatment, oldest first. `unreadable` counts the texts before
    this one that answered nothing of what the check-in asks. `stranger` says why it may not be the patient who writes.
    """

    awaiting: tuple[str, ...] = ()
    so_far: SoFar = field(default_factory=SoFar)
    later: Mapping[Measure, Nrs] = field(default_factory=dict)
    reread: frozenset[Measure] = frozenset()
    baseline: Mapping[Measure, Nrs] = field(default_factory=dict)
    best_mood: Nrs | None = None
    course: Sequence[Nrs] = ()
    flags: frozenset[str] = frozenset()
    treated: Treated | None = None
    on_hold: bool = False
    last_mood: Nrs | None = None
    crisis_sent: Sequence[CrisisSent] = ()
    has_photo: bool = False
    unreadable: int = 0
    stranger: Stranger | None = None
    discharged: bool = False

    @property
    def takes_no_score(self) -> bool:
        """A number in a text is no answer now: during a hold, or while it may be somebody else's."""
        return self.on_hold or self.stranger is not None
