"""The one table of a run: what was measured, ours beside bare, the ratio, and whether it meets its aim."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

HEAD = ("name", "what", "ours", "bare", "ratio", "aim", "met?")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure as it is printed; `met` is empty where nothing is aimed at."""

    name: str
    what: str
    ours: str
    bare: str = ""
    ratio: str = ""
    aim: str = ""
    met: str = ""


def at_least(ratio: float, aim: float) -> dict[str, str]:
    """The last three columns of a ratio that should be this high."""
    return {"ratio": f"{ratio:.2f}", "aim": f">= {aim:g}", "met": "yes" if ratio >= aim else "NO"}


def at_most(ratio: float, aim: float) -> dict[str, str]:
    """The last three columns of a ratio that should be no higher."""
    return {"ratio": f"{ratio:.2f}", "aim": f"<= {aim:g}", "met": "yes" if ratio <= aim else "NO"}


def below(value: float, aim: float, unit: str) -> dict[str, str]:
    """The last two columns of a value with an aim of its own."""
    return {"aim": f"< {aim:g} {unit}", "met": "yes" if value < aim else "NO"}


def rendered(lines: Sequence[Line]) -> str:
    """The lines under a head, in columns as wide as their widest cell."""
    rows = [HEAD, *(astuple(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
