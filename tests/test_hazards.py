"""The hazard log is alive: every control, every proof and every invariant that it names is there."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from backend.services.operating.verify import TITLES

ROOT = Path(__file__).resolve().parents[1]
LOG = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
LINK = re.compile(r"`([\w./]+\.py)::(\w+)`")
COLUMNS = ("#", "Hazard", "Cause", "Control", "Proof", "Remains", "S")


@dataclass(frozen=True, slots=True)
class Row:
    """One hazard, as its table has it."""

    number: str
    hazard: str
    cause: str
    control: str
    proof: str
    remains: str
    invariant: str


def rows() -> Iterator[Row]:
    for line in LOG.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and not set(line) <= set("|- ") and tuple(cells) != COLUMNS:
            assert len(cells) == len(COLUMNS), line
            yield Row(*cells)


ROWS = list(rows())


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def missing(text: str, folder: Path) -> list[str]:
    """The links of a cell that lead nowhere."""
    found = [
        (ROOT / path.lstrip("/") if path.startswith("/") else folder / path, name) for path, name in LINK.findall(text)
    ]
    return [f"{path}::{name}" for path, name in found if not path.is_file() or name not in names_in(path)]


@pytest.mark.parametrize("row", ROWS, ids=[row.number for row in ROWS])
def test_a_hazard_has_a_control_and_a_proof_that_are_there(row: Row) -> None:
    assert all((row.hazard, row.cause, row.remains)), "say what, why, and what remains"
    assert LINK.search(row.control), "name the file and the function that stand against it"
    assert LINK.search(row.proof), "name the test that proves it"
    assert missing(row.control, ROOT / "backend") == []
    assert missing(row.proof, ROOT / "tests") == []
    assert all(name.startswith("test_") for _, name in LINK.findall(row.proof))


def test_every_number_stands_for_one_hazard() -> None:
    numbers = [row.number for row in ROWS]
    assert len(numbers) == len(set(numbers))


def test_every_invariant_of_the_safety_case_stands_against_some_hazard() -> None:
    assert {row.invariant for row in ROWS} == TITLES.keys()


def test_every_code_span_with_a_test_or_a_function_is_a_link_that_is_checked() -> None:
    """A link written in another way would not be kept alive."""
    assert [span for span in re.findall(r"`([^`]*::[^`]*)`", LOG) if not LINK.fullmatch(f"`{span}`")] == []
