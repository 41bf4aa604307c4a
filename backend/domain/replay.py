"""What a protocol would have made of what happened: the same rules over the same past, counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.concerns import Concern, Priority
from backend.domain.history import History
from backend.domain.protocol import Protocol
from backend.domain.questionnaires import Totals, of_questionnaire
from backend.domain.rules import Missed, of_scores, silence, weighed
from backend.domain.scores import Measure, Nrs


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that the rules judge, with what was known then: the scores of a text, a silence or a questionnaire."""

    history: History
    scores: Mapping[Measure, Nrs] = field(default_factory=dict)
    missed: Missed | None = None
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """How much would have been put before people: `alerts` are moments that worry, each once and at its worst;
    `by_rule` counts every concern.
    """

    alerts: int
    by_priority: Mapping[Priority, int]
    by_rule: Mapping[str, int]


def load_under(protocol: Protocol, moments: Iterable[Moment]) -> Load:
    by_priority: Counter[Priority] = Counter()
    by_rule: Counter[str] = Counter()
    for moment in moments:
        if concerns := judged(moment, protocol):
            by_priority[max(concern.priority for concern in concerns)] += 1
            by_rule.update(concern.rule for concern in concerns)
    return Load(by_priority.total(), dict(by_priority), dict(by_rule))


def judged(moment: Moment, protocol: Protocol) -> Sequence[Concern]:
    """The concerns of a moment under this protocol."""
    found = list(of_scores(moment.scores, moment.history, protocol.thresholds))
    if moment.missed is not None and (silent := silence(moment.missed, moment.history, protocol.thresholds)):
        found.append(silent)
    if moment.totals is not None:
        found += of_questionnaire(moment.totals, protocol.thresholds)
    return weighed(found, moment.history, protocol.raises)
