"""A score's course as the few numbers an SVG needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT, MARGIN = 320.0, 96.0, 8.0
TOP_SCORE = 10


@dataclass(frozen=True, slots=True)
class Chart:
    """Places in a `WIDTH` x `HEIGHT` picture: the line, its dots with their values, and a tick for each treatment."""

    line: str
    dots: tuple[tuple[float, float, int], ...]
    ticks: tuple[float, ...]
    first_at: datetime
    last_at: datetime


def chart_of(points: Sequence[tuple[datetime, int]], treatments: Sequence[datetime]) -> Chart:
    """`points` are oldest first and not empty; the time axis begins with whatever came first."""
    first_at = min([points[0][0], *treatments])
    last_at = max([points[-1][0], *treatments])
    span = max(last_at - first_at, timedelta(hours=1))

    def across(at: datetime) -> float:
        return round(MARGIN + (at - first_at) / span * (WIDTH - 2 * MARGIN), 1)

    def up(value: int) -> float:
        return round(HEIGHT - MARGIN - value / TOP_SCORE * (HEIGHT - 2 * MARGIN), 1)

    dots = tuple((across(at), up(value), value) for at, value in points)
    return Chart(
        line=" ".join(f"{x},{y}" for x, y, _ in dots),
        dots=dots,
        ticks=tuple(across(at) for at in treatments),
        first_at=first_at,
        last_at=last_at,
    )
