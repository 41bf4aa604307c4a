"""Measures what it takes to screen and read one text: usual ones, the longest a carrier passes on, and a million.

`python -m benchmarks.reading` prints the times; `--million` also reads a million texts and prints how memory grew.
"""

import random
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from statistics import median, quantiles
from time import perf_counter_ns

from backend.domain.replies import read_reply
from benchmarks.accuracy import CORPUS, load_screen, rows

LONGEST = 1600
ROUNDS = 5
MILLION = 1_000_000
WARM_UP = 50_000

Read = Callable[[str], object]


def reader() -> Read:
    """What every text goes through: the screen, then the reading of scores and wishes."""
    screen = load_screen()

    def read(text: str) -> object:
        return screen(text), read_reply(text)

    return read


def own_texts() -> list[str]:
    return [row["text"] for path in sorted(CORPUS.rglob("*.csv")) for row in rows(path)]


def longest_texts() -> dict[str, str]:
    """Texts as long as a message can be, ordinary and hostile."""
    story = "Slept badly and the pain was about a 6 but I went out and saw my sister, who is well. "
    grim = "i dont want to be here anymore and i cant go on, no reason to live. "
    seeds = {
        "an ordinary story": story,
        "despair throughout": grim,
        "one letter, over and over": "i ",
        "patterns that never close": "dont want to no reason to why am i ",
        "denials throughout": "not suicidal ",
        "digits": "7 3 10/10 ",
        "one long word": "killmyself",
        "curly quotes and emoji": "I\u2019m ok \U0001f48a\u2026 ",
        "signs inside words": "k.i.l.l-m*y$s",
    }
    return {name: (seed * LONGEST)[:LONGEST] for name, seed in seeds.items()}


def strung_together(texts: Sequence[str], length: int, count: int) -> Iterator[str]:
    """Long texts that were never read before: sentences of ours in an order of chance, the same in every run."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for _ in range(count):
        words: list[str] = []
        while sum(map(len, words)) < length:
            words.append(chance.choice(texts) + " ")
        yield "".join(words)[:length]


def misspelt(texts: Sequence[str]) -> Iterator[str]:
    """Endless texts, each with a slip of the finger, so that no memory of words already met can serve."""
    chance = random.Random(2)  # noqa: S311 - no secret
    while True:
        text = chance.choice(texts)
        at = chance.randrange(len(text) + 1)
        yield f"{text[:at]}{chance.choice('abcdefghijklmnopqrstuvwxyz')}{text[at:]} {chance.randrange(10**6)}"


def microseconds(read: Read, text: str, rounds: int = ROUNDS) -> float:
    """The best of a few rounds: what the text itself costs."""
    best = float("inf")
    for _ in range(rounds):
        start = perf_counter_ns()
        read(text)
        best = min(best, (perf_counter_ns() - start) / 1000)
    return best


def growth(read: Read) -> float:
    """Time a character in texts of 100,000 characters beside texts of 10,000: the worst of the hostile kinds."""
    ratios = []
    for seed in longest_texts().values():
        long, short = (seed * 63)[:100_000], (seed * 7)[:10_000]
        ratios.append(microseconds(read, long, 3) / microseconds(read, short, 3) / 10)
    return max(ratios)


def memory_growth(read: Read, count: int, warm_up: int) -> float:
    """By how many MB the process has grown over `count` texts, after a warm-up."""
    texts = misspelt(own_texts())
    for _ in range(warm_up):
        read(next(texts))
    before = _resident()
    for _ in range(count):
        read(next(texts))
    return _resident() - before


def _resident() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(times: Sequence[float]) -> str:
    slow = quantiles(times, n=100)[-1]
    return f"median {median(times):.0f} µs, 99th of 100 {slow:.0f} µs, worst {max(times):.0f} µs"


def main() -> None:
    """Print the times."""
    read, texts = reader(), own_texts()
    print(f"{len(texts)} texts of our own corpus, first reading: {report([microseconds(read, t, 1) for t in texts])}")
    print(f"{len(texts)} texts of our own corpus: {report([microseconds(read, text) for text in texts])}")
    for name, text in longest_texts().items():
        print(f"{LONGEST} characters, {name:32s}{microseconds(read, text):7.0f} µs")
    fresh = [microseconds(read, text, 1) for text in strung_together(texts, LONGEST, 300)]
    print(f"{LONGEST} characters of sentences strung together, first reading: {report(fresh)}")
    print(f"time a character, 100,000 characters beside 10,000: {growth(read):.2f}")
    if "--million" in sys.argv:
        print(f"memory after {MILLION:,} texts: {memory_growth(read, MILLION, WARM_UP):+.1f} MB")


if __name__ == "__main__":
    main()
