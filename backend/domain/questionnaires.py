"""What a questionnaire that staff took from a patient says, each concern with its arithmetic (CLINICAL.md 3, 9).

No question of a PHQ is ever sent by text: asked that way, its ninth item would flood the staff of these clinics with
answers that a person must follow up at once (CLINICAL.md 0, no. 8).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.protocol import Thresholds

KINDS = {"phq2": 6, "phq9": 27}
"""The questionnaires that can be recorded, each with its highest total."""
NAMES = {"phq2": "PHQ-2", "phq9": "PHQ-9"}
ITEM_9 = 3
"""The highest answer to one item."""


@dataclass(frozen=True, slots=True)
class Totals:
    """One questionnaire as it was taken, with the total of the one before it of the same kind."""

    kind: str
    total: int
    item_9: int | None = None
    before: int | None = None

    @property
    def up(self) -> int:
        return self.total - self.before if self.before is not None else 0


def of_questionnaire(taken: Totals, limits: Thresholds) -> Iterable[Concern]:
    if taken.kind == "phq2":
        if taken.total >= limits.phq2:
            why = f"PHQ-2 {taken.total}: {limits.phq2} or more is positive."
            yield _concern("phq2", Priority.URGENT, "phq2", why)
        if taken.up >= limits.phq2_rise:
            yield _concern("phq2", Priority.URGENT, "phq2-rise", _risen(taken))
    elif taken.up >= limits.phq9_rise:
        yield _concern("phq9", Priority.URGENT, "phq9-rise", _risen(taken))
    if taken.item_9:
        why = f"PHQ-9 item 9 at {taken.item_9}: thoughts of being better off dead, or of self-harm."
        yield _concern("item_9", Priority.ASAP, "phq9-item-9", why)


def _risen(taken: Totals) -> str:
    return f"{NAMES[taken.kind]} {taken.total}, before {taken.before}: up {taken.up}."


def _concern(name: str, priority: Priority, rule: str, why: str) -> Concern:
    """No text answers it: the patient is with staff, or was."""
    return Concern(name, priority, ReplyKind.NOTHING, rule, why)
