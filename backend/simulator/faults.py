"""What goes wrong in the town's network and house, how often, and how it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.simulator.dice import chance

KNOWN = {
    "timeouts": (0.02, "the carrier does not answer a request, half of the time after taking the text"),
    "refused": (0.01, "the carrier answers 429 or 500"),
    "undelivered": (0.01, "a text does not reach its phone"),
    "opted_out": (0.002, "the carrier says that the recipient opted out (21610)"),
    "lost_reports": (0.05, "a delivery report never comes"),
    "lost_texts": (0.01, "the webhook of a text never comes"),
    "duplicates": (0.02, "a text or a report comes twice"),
    "reordered": (0.05, "a text comes minutes late, or reports in the wrong order"),
    "crashes": (0.005, "a process dies between keeping and understanding a text, or between claiming and sending one"),
}
"""Each fault with the rate it has when none is given, and what it does."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault strikes (0 to 1); those that are not named never do."""

    rates: Mapping[str, float] = field(default_factory=dict)

    def strike(self, name: str, seed: int, *what: object) -> bool:
        rate = self.rates.get(name, 0.0)
        return rate > 0 and chance(seed, name, *what) < rate


def parse_faults(text: str) -> Faults:
    """Read such as `duplicates=0.02,crashes`. Raises `ValueError` that says what can be asked for."""
    rates = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, given, rate = part.partition("=")
        if name not in KNOWN:
            raise ValueError(f"{name!r} is no fault; choose among {', '.join(KNOWN)}")
        rates[name] = _rate(name, rate) if given else KNOWN[name][0]
    return Faults(rates)


def _rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate of {name} is a number from 0 to 1, such as {KNOWN[name][0]}")
    return rate
