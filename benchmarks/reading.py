"""Measures how long one text takes to screen and read: the usual short ones and the longest a carrier passes on."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles
from time import perf_counter_ns

from backend.domain.replies import read_reply
from benchmarks.accuracy import CORPUS, load_screen, rows

LONGEST = 1600
ROUNDS = 5


def longest_texts() -> dict[str, str]:
    """Texts as long as a message can be, ordinary and hostile."""
    story = "Slept badly and the pain was about a 6 but I went out and saw my sister, who is well. "
    grim = "i dont want to be here anymore and i cant go on, no reason to live. "
    seeds = {
        "an ordinary story": story,
        "despair throughout": grim,
        "one letter, over and over": "i ",
        "open phrases that never close": "dont want to no reason to why am i ",
        "digits": "7 3 10/10 ",
        "one long word": "killmyself",
        "curly quotes and emoji": "I\u2019m ok \U0001f48a\u2026 ",
        "signs inside words": "k.i.l.l-m*y$s",
    }
    return {name: (seed * LONGEST)[:LONGEST] for name, seed in seeds.items()}


def microseconds(read: Callable[[str], object], text: str) -> float:
    """The best of a few rounds: what the text itself costs."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter_ns()
        read(text)
        best = min(best, (perf_counter_ns() - start) / 1000)
    return best


def report(times: Sequence[float]) -> str:
    slow = quantiles(times, n=100)[-1]
    return f"median {median(times):.0f} µs, 99th of 100 {slow:.0f} µs, worst {max(times):.0f} µs"


def main() -> None:
    """Print the times."""
    screen = load_screen()

    def read(text: str) -> object:
        return screen(text), read_reply(text)

    texts = [row["text"] for row in rows(CORPUS / "concerns.csv")] + [
        row["text"] for row in rows(CORPUS / "scores.csv")
    ]
    print(f"{len(texts)} texts of our own corpus: {report([microseconds(read, text) for text in texts])}")
    for name, text in longest_texts().items():
        print(f"{LONGEST} characters, {name:32s}{microseconds(read, text):7.0f} µs")


if __name__ == "__main__":
    main()
