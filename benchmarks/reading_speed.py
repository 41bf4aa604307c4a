"""How long one text takes to screen and read, and what a great many do to memory, as lines of the table."""

from collections.abc import Iterator
from statistics import median

from benchmarks.reading import (
    LONGEST,
    MILLION,
    WARM_UP,
    growth,
    longest_texts,
    memory_growth,
    microseconds,
    own_texts,
    reader,
)
from benchmarks.table import Line, at_most, below

USUAL_AIM = 150  # microseconds
WORST_AIM = 2000
GROWTH_AIM = 1.5  # 1 is linear; the rest is noise
MEMORY_AIM = 8  # MB
FEW = 2_000


def measure(*, quick: bool) -> Iterator[Line]:
    """The median over our own corpus, the worst of texts as long as a text can be, growth of time and memory."""
    read, texts = reader(), own_texts()
    usual = median(microseconds(read, text) for text in (texts[:50] if quick else texts))
    worst = max(microseconds(read, text) for text in longest_texts().values())
    yield Line("reading", "one text of our corpus, median", f"{usual:.0f} µs", **below(usual, USUAL_AIM, "µs"))
    yield Line("reading", f"the worst of {LONGEST} characters", f"{worst:.0f} µs", **below(worst, WORST_AIM, "µs"))
    if not quick:
        ratio = growth(read)
        yield Line("reading", "time a character, 100,000 beside 10,000", f"{ratio:.2f}", **at_most(ratio, GROWTH_AIM))
    count = FEW if quick else MILLION
    grown = memory_growth(read, count, FEW if quick else WARM_UP)
    yield Line("reading", f"memory after {count:,} texts", f"{grown:+.1f} MB", **below(grown, MEMORY_AIM, "MB"))
