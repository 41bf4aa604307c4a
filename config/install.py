"""Makes `.venv` from the lock on a machine that has nothing but Python.

Runs on the standard library alone, and must be readable by any Python 3.7 so that an old one gets a sentence instead
of a syntax error. Knows no package index: uv and pip know theirs, and read the user's own settings.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
COMMAND = VENV / "bin" / "aftercare"
UNFINISHED = VENV / "unfinished"  # stands while an install runs; one found at the start was interrupted
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST_PYTHON = (3, 11)
OLDEST_HOST_PIP = (22, 3)  # the first with --python
PIP_WHEEL = ROOT / "config" / "bootstrap" / "pip-26.3-py3-none-any.whl"
PIP_WHEEL_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
LONGEST_COMMAND = 1800  # seconds
PIP_INSTALL = ["install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
# Wheels only: building from source would run unlocked code, and need a compiler on the clinic's machine.
LOCKED_ONLY = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]
COMMAND_TEXT = """\
#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys
from backend.cli import main
sys.exit(main())
"""


class CannotInstall(Exception):  # noqa: N818 - reads as the sentence it begins
    """Says in one line what is wrong and what to do about it."""


def install(group: str) -> None:
    """Bring `.venv` to the lock of `group`; costs nothing when it is there already."""
    if is_installed(group):
        return
    with_one_installer_at_a_time()
    if is_installed(group):  # somebody else has just done it
        return
    make_environment()
    UNFINISHED.touch()
    install_packages(LOCKS[group])
    put_project_in()
    compile_bytecode()
    for done in groups_within(group):
        stamp(done).write_text(fingerprint(done))
    UNFINISHED.unlink()


def is_installed(group: str) -> bool:
    try:
        return stamp(group).read_text() == fingerprint(group) and PYTHON.exists() and not UNFINISHED.exists()
    except OSError:
        return False


def groups_within(group: str) -> list[str]:
    """Name the groups that one lock serves: the development lock holds all of the other (tests/test_setup.py)."""
    return ["runtime", "dev"] if group == "dev" else ["runtime"]


def stamp(group: str) -> Path:
    return VENV / f"installed-{group}"


def fingerprint(group: str) -> str:
    """Everything that makes an installed environment wrong when it changes; the folder, because scripts name it."""
    interpreter = f"{sys.implementation.cache_tag} {sys.base_prefix} {ROOT}".encode()
    return hashlib.sha256(LOCKS[group].read_bytes() + Path(__file__).read_bytes() + interpreter).hexdigest()


def with_one_installer_at_a_time() -> None:
    """Hold a lock on the project's folder until this process ends, so that two makes at once do not mix."""
    import fcntl

    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another install is running here; waiting for it.")
        fcntl.flock(folder, fcntl.LOCK_EX)


def make_environment() -> None:
    """Keep an environment of this very Python and folder; anything else, or half of one, is made anew."""
    import shutil
    import venv

    if UNFINISHED.exists() or was_made_elsewhere() or not is_of_this_python():
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, symlinks=True, with_pip=False)  # Debian's Python has no ensurepip to give it one


def was_made_elsewhere() -> bool:
    """Tell a copied or moved folder: every script in it still names the old place."""
    return COMMAND.exists() and COMMAND.read_text(encoding="utf-8") != command_text()


def is_of_this_python() -> bool:
    if not PYTHON.exists():
        return False
    question = "import sys; print(sys.implementation.cache_tag, sys.base_prefix, sys.prefix)"
    answer = run([str(PYTHON), "-I", "-c", question]).stdout.strip()
    return answer == f"{sys.implementation.cache_tag} {sys.base_prefix} {VENV}"


def install_packages(lock: Path) -> None:
    said = []
    for name, command in ways_to_install():
        say(f"Installing what {lock.name} lists into .venv (with {name}) ...")
        attempt = run([*command, *LOCKED_ONLY, str(lock)])
        if attempt.returncode == 0:
            return
        said.append(f"--- {name}\n{last_lines(attempt.stdout)}")
        say(f"That did not work with {name}.")
    raise CannotInstall(
        "the packages could not be installed.\n" + "\n".join(said) + "\n---\n"
        "Without a way to a package index? Let pip know yours (PIP_INDEX_URL, PIP_FIND_LINKS, PIP_PROXY, PIP_CERT,\n"
        "or pip's own configuration file) and run this again."
    )


def ways_to_install() -> Iterator[tuple[str, list[str]]]:
    """Yield uv if it is there, then the first pip there is: a second pip would fail as the first did.

    uv does not read pip's configuration, so a failure of its index says nothing about pip's.
    """
    from shutil import which

    uv = which("uv")
    if uv:
        yield "uv", [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    pips: list[Callable[[], tuple[str, list[str]] | None]] = [host_pip, ensured_pip, kept_pip]
    yield next(filter(None, (find() for find in pips)))


def host_pip() -> tuple[str, list[str]] | None:
    import re

    pip = [sys.executable, "-m", "pip"]
    version = re.search(r"^pip (\d+)\.(\d+)", run([*pip, "--version"]).stdout, re.MULTILINE)
    if version is None or tuple(map(int, version.groups())) < OLDEST_HOST_PIP:
        return None
    return "this machine's pip", [*pip, "--python", str(PYTHON), *PIP_INSTALL]


def ensured_pip() -> tuple[str, list[str]] | None:
    if run([str(PYTHON), "-m", "ensurepip", "--default-pip"]).returncode:
        return None
    return "Python's own pip", [str(PYTHON), "-m", "pip", *PIP_INSTALL]


def kept_pip() -> tuple[str, list[str]]:
    """Take the pip that lies in this repository: a wheel is a zip that Python runs without installing it."""
    if hashlib.sha256(PIP_WHEEL.read_bytes()).hexdigest() != PIP_WHEEL_SHA256:
        raise CannotInstall(f"{PIP_WHEEL.name} is not the file it should be; check it out again.")
    return "the pip kept here", [str(PYTHON), str(PIP_WHEEL / "pip"), *PIP_INSTALL]


def put_project_in() -> None:
    """Do what an editable install does, without the build backend that one would have to fetch."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (VENV / "lib" / version / "site-packages" / "aftercare.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    COMMAND.write_text(command_text(), encoding="utf-8")
    COMMAND.chmod(0o755)


def command_text() -> str:
    from shlex import quote

    return COMMAND_TEXT.format(python=quote(str(PYTHON)))


def compile_bytecode() -> None:
    """Once, here: else every start-up until the first finished one compiles again.

    The result is not looked at, for some packages ship templates that are no Python.
    """
    say("Compiling ...")
    ours = [str(ROOT / room) for room in ("backend", "jobs", "config")]
    run([str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib"), *ours])


def run(command: list[str]) -> CompletedProcess[str]:
    import subprocess

    none, kept, together = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
    try:
        return subprocess.run(
            command, check=False, text=True, stdin=none, stdout=kept, stderr=together, timeout=LONGEST_COMMAND
        )
    except subprocess.TimeoutExpired as late:
        raise CannotInstall(f"{command[0]} took longer than {LONGEST_COMMAND // 60} minutes.") from late


def last_lines(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-12:])


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--dev"]):
        say("usage: python3 config/install.py [--dev]")
        return 2
    if sys.version_info < OLDEST_PYTHON:
        ours = ".".join(map(str, sys.version_info[:3]))
        say(f"Aftercare needs Python 3.11 or newer; {sys.executable} is {ours}. Try: make PYTHON=python3.12 ...")
        return 1
    try:
        install("dev" if arguments else "runtime")
    except (CannotInstall, OSError) as fault:
        say(f"Cannot install: {fault}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. Run it again and it starts afresh.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
