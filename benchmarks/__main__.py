"""`python -m benchmarks [names] [--quick]`: measures and prints one table. `--quick` only shows that it runs."""

import argparse
import sys
from collections.abc import Callable, Iterator

from benchmarks import idle, inbound, memory, reading_speed, sending
from benchmarks.table import Line, rendered

BENCHMARKS: dict[str, Callable[..., Iterator[Line]]] = {
    "inbound": inbound.measure,
    "sending": sending.measure,
    "idle": idle.measure,
    "reading": reading_speed.measure,
    "memory": memory.measure,
}


def main() -> None:
    """Measure what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--quick", action="store_true", help="a smoke run: the figures mean nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    lines: list[Line] = []
    for name in arguments.names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        lines += BENCHMARKS[name](quick=arguments.quick)
    print(rendered(lines))


if __name__ == "__main__":
    main()
