"""The benchmarks run, and their table says what it measured; what they measure is for a quiet machine."""

import subprocess
import sys
from pathlib import Path

from benchmarks.table import Line, at_least, at_most, below, rendered

ROOT = Path(__file__).parents[1]
RUN = [sys.executable, "-m", "benchmarks", "--quick"]


def run(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *names], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours


def test_it_prints_one_table_of_what_was_named() -> None:
    done = run("idle", "memory")
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["name", "what", "ours", "bare", "ratio", "aim", "met?"]
    assert [line.split()[0] for line in lines] == ["idle", "memory", "memory"]
    assert "2 workers" in lines[-1]


def test_it_takes_no_name_it_does_not_know() -> None:
    done = run("everything")
    assert done.returncode == 2
    assert "unknown: everything" in done.stderr


def test_it_says_whether_an_aim_is_met() -> None:
    assert at_least(0.5, 0.5)["met"] == "yes"
    assert at_least(0.49, 0.5)["met"] == "NO"
    assert at_most(1.5, 1.5)["met"] == "yes"
    assert at_most(1.6, 1.5)["met"] == "NO"
    assert below(399, 400, "MB") == {"aim": "< 400 MB", "met": "yes"}
    assert below(400, 400, "MB")["met"] == "NO"


def test_it_lines_up_its_columns() -> None:
    short, long = Line("a", "b", "1"), Line("inbound", "texts a second", "235/s", "469/s", **at_least(0.5, 0.5))
    head, *lines = rendered([short, long]).splitlines()
    assert head.index("ours") == lines[0].index("1") == lines[1].index("235/s")
