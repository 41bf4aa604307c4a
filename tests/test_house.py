"""The walls that tests can hold: what every table, file and function of the house keeps to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.store.tables import METADATA

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(
    path
    for folder in ("backend", "jobs", "config")
    for path in (ROOT / folder).rglob("*.py")
    if "versions" not in path.parts
)
WITHOUT_CLINIC = {"heartbeats"}  # a clock process serves all clinics
LONGEST_FUNCTION = 60  # lines; the tail is what separates good houses from the rest
MEDIAN_FUNCTION = 10
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "core", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("name", sorted(METADATA.tables))
def test_it_leads_every_key_and_unique_constraint_with_the_clinic(name: str) -> None:
    table = METADATA.tables[name]
    if name in WITHOUT_CLINIC:
        assert "clinic_id" not in table.columns
        return
    assert next(iter(table.primary_key.columns)).name == "clinic_id"
    if name == "clinics":  # a clinic's address and number are unique among all clinics
        return
    for index in table.indexes:
        assert not index.unique or next(iter(index.columns)).name == "clinic_id", index.name
    for foreign_key in table.foreign_key_constraints:
        assert foreign_key.column_keys[0] == "clinic_id", foreign_key.name


def test_it_commits_in_one_file_only() -> None:
    commits = re.compile(r"\.commit\(\)")
    found = {str(p.relative_to(ROOT)) for p in CODE if commits.search(p.read_text(encoding="utf-8"))}
    # Migrations end their own transaction before any row exists; the sandbox is the outside world.
    elsewhere = ("backend/sandbox/", "backend/store/migrations/")
    assert {path for path in found if not path.startswith(elsewhere)} == {"backend/store/work.py"}


def test_it_knows_no_naive_time() -> None:
    naive = re.compile(r"utcnow\(|utcfromtimestamp\(|datetime\.now\(\)|datetime\.today\(|date\.today\(")
    assert [str(path.relative_to(ROOT)) for path in CODE if naive.search(path.read_text(encoding="utf-8"))] == []


def test_the_domain_asks_no_clock_and_throws_no_dice() -> None:
    impure = re.compile(r"\.now\(|time\.time\(|monotonic\(|\brandom\b|os\.environ|^import requests", re.MULTILINE)
    domain = [path for path in CODE if "domain" in path.parts]
    assert [path.name for path in domain if impure.search(path.read_text(encoding="utf-8"))] == []


def test_every_module_says_its_one_job() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in CODE
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body and ast.get_docstring(tree) is None
    ]
    assert silent == []


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [str(path.relative_to(ROOT)) for path in CODE if NO_NAMES & {path.stem, *path.parts}] == []


def test_functions_stay_small() -> None:
    lengths = {name: length(function) for name, function in functions()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= MEDIAN_FUNCTION


def test_nothing_is_patched() -> None:
    patched = re.compile(r"mock\.patch|from unittest import mock|from unittest\.mock")
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert [path.name for path in tests if patched.search(path.read_text(encoding="utf-8"))] == []
