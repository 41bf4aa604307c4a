"""Starts the product's processes as a deployment does, waits until they answer, and says what memory they hold."""

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

ROOT = Path(__file__).parents[1]
UP_WITHIN = 30.0  # seconds
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
# What of our own environment a measured process may see; a setting of the product in it would change the measurement.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
    """A process in a session of its own, stopped politely and then surely."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = Popen(
        command,
        cwd=ROOT,
        env={**kept, **environment},
        stdin=DEVNULL,
        stdout=DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call to the kernel, which takes no lock
    )
    try:
        yield process
    finally:
        _stop(process)


def _end_with_parent() -> None:
    """Have the kernel stop the process when the benchmark is killed. Called between fork and exec."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(process: Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


@contextmanager
def web(application: str, port: int, environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
    """An application under gunicorn with the product's own settings, once it answers."""
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.conf.py", application]
    with running(command, {**environment, "PORT": str(port)}) as process:
        until(lambda: _answers(port), process)
        yield process


@contextmanager
def sandbox(port: int, environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
    """The sandbox carrier, once it answers."""
    with running([sys.executable, "-m", "backend.sandbox"], environment) as process:
        until(lambda: _answers(port), process)
        yield process


@contextmanager
def clock(environment: Mapping[str, str]) -> Iterator[Popen[bytes]]:
    """The product's clock process."""
    with running([sys.executable, "-m", "jobs"], environment) as process:
        yield process


def until(done: Callable[[], bool], process: Popen[bytes], within: float = UP_WITHIN) -> None:
    """Wait for something the process does. Raises when it ends first or takes too long."""
    deadline = time.monotonic() + within
    while not done():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{process.args!r} took longer than {within:.0f} s")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(process: Popen[bytes]) -> list[int]:
    """The process and its children, as gunicorn has."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [process.pid, *(int(child) for child in children.split())]


def memory_mb(pids: Sequence[int], measure: str) -> float:
    """The sum of `Rss` or `Pss`: with `Pss`, a page that several processes share is counted once."""
    return sum(_kilobytes(pid, measure) for pid in pids) / 1024


def _kilobytes(pid: int, measure: str) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{measure}:"))
