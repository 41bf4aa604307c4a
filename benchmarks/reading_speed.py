"""How long one text takes to screen and read, as lines of the table."""

from collections.abc import Iterator
from statistics import median

from backend.domain.replies import read_reply
from benchmarks.accuracy import CORPUS, load_screen, rows
from benchmarks.reading import LONGEST, longest_texts, microseconds
from benchmarks.table import Line, below

USUAL_AIM = 200  # microseconds
WORST_AIM = 2000


def measure(*, quick: bool) -> Iterator[Line]:
    """The median over our own corpus, and the worst of texts as long as a text can be."""
    screen = load_screen()

    def read(text: str) -> object:
        return screen(text), read_reply(text)

    texts = [row["text"] for name in ("concerns", "scores") for row in rows(CORPUS / f"{name}.csv")]
    usual = median(microseconds(read, text) for text in (texts[:50] if quick else texts))
    worst = max(microseconds(read, text) for text in longest_texts().values())
    yield Line("reading", "one text of our corpus, median", f"{usual:.0f} µs", **below(usual, USUAL_AIM, "µs"))
    yield Line("reading", f"the worst of {LONGEST} characters", f"{worst:.0f} µs", **below(worst, WORST_AIM, "µs"))
