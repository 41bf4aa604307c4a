"""How every sentence of our own corpus is read, as one line each: what a change of the reader is held against.

`python -m benchmarks.read_as` writes the lines to `tests/corpus/read_as.tsv`, after somebody has read the difference.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from backend.cli.reading import Reader
from config.loading import Signed, load_signed

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus"
APPROVED = CORPUS / "read_as.tsv"
_ASKED = "mood pain"


def readings(signed: Signed) -> Iterator[str]:
    """File, number of the row, priority, reply, the worst rule and its span, scores sure and unsure, opt-out."""
    reader_for = cache(lambda asked: Reader(signed, "en", tuple(asked.split())))
    for path in sorted(CORPUS.rglob("*.csv")):
        name = path.relative_to(CORPUS).with_suffix("").as_posix()
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=1):
                reader = reader_for(row.get("awaiting", _ASKED))
                yield "\t".join([name, str(number), *_fields(reader, row)])


def _fields(reader: Reader, row: dict[str, str]) -> Iterator[str]:
    read = reader(row["text"])
    worst = read["concerns"][0] if read["concerns"] else {"rule": "-", "span": None}
    yield str(read["priority"])
    yield str(read["reply"])
    yield str(worst["rule"])
    yield "-".join(map(str, worst["span"] or ())) or "-"
    yield _numbers(read["scores"])
    yield _numbers(read["unsure"])
    yield "opts out" if read["opts_out"] else "-"


def _numbers(scores: dict[str, int]) -> str:
    return " ".join(f"{measure} {value}" for measure, value in sorted(scores.items())) or "-"


def main() -> None:
    """Approve how the corpus is read now."""
    lines = list(readings(load_signed()))
    APPROVED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} sentences written to {APPROVED.name}")


if __name__ == "__main__":
    main()
