"""Holds what is installed and served to what was decided: locks, vendored files, processes."""

import hashlib
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config import install

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "backend" / "web" / "static" / "vendor"
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MANIFEST: list[dict[str, str]] = tomllib.loads((VENDOR / "MANIFEST.toml").read_text(encoding="utf-8"))["file"]
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEV: list[str] = PROJECT["dependency-groups"]["dev"]


@pytest.mark.parametrize("lock", LOCKS)
def test_it_names_no_place_to_fetch_packages_from(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(--(?!hash=)|-[a-z]|.* @ )", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_it_locks_every_package_by_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(
    ("lock", "asked"), [(LOCKS[0], RUNTIME), (LOCKS[1], RUNTIME + DEV)], ids=["runtime", "development"]
)
def test_it_locks_versions_within_the_ranges_asked_for(lock: str, asked: list[str]) -> None:
    pins = locked(lock)
    wanted = [Requirement(line) for line in asked]
    outside = [str(one) for one in wanted if pins.get(canonicalize_name(one.name), "none") not in one.specifier]
    assert outside == []


def test_it_develops_with_the_versions_that_run_in_the_clinic() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_it_serves_the_published_files_unchanged() -> None:
    assert {one["file"]: one["sha256"] for one in MANIFEST} == {
        one["file"]: sha256(VENDOR / one["file"]) for one in MANIFEST
    }


def test_it_says_of_every_vendored_file_what_it_is() -> None:
    listed = {one[part] for one in MANIFEST for part in ("file", "licence_file")}
    assert {file.name for file in VENDOR.iterdir()} == listed | {"MANIFEST.toml"}
    assert all(one["version"] in one["file"] for one in MANIFEST)  # served as immutable: a new version, a new name


def test_it_fetches_the_versions_in_the_manifest() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    versions = {one["version"] for one in MANIFEST}
    assert set(re.findall(r"^(?:HTMX|PICO) = (\S+)$", makefile, re.MULTILINE)) == versions


def test_it_keeps_a_sound_pip_that_python_can_run() -> None:
    assert sha256(install.PIP_WHEEL) == install.PIP_WHEEL_SHA256
    assert [file.name for file in install.PIP_WHEEL.parent.iterdir()] == [install.PIP_WHEEL.name]
    with zipfile.ZipFile(install.PIP_WHEEL) as wheel:
        assert "pip/__main__.py" in wheel.namelist()


def test_it_refuses_a_pip_that_was_tampered_with(checkout: dict[str, Any]) -> None:
    with checkout["PIP_WHEEL"].open("ab") as wheel:
        wheel.write(b"\0")
    with pytest.raises(checkout["CannotInstall"], match="not the file it should be"):
        checkout["kept_pip"]()


@pytest.mark.parametrize("group", ["runtime", "dev"])
def test_it_installs_again_when_the_lock_changes(group: str, checkout: dict[str, Any]) -> None:
    assert not checkout["is_installed"](group)
    pretend_installed(checkout, group)
    assert checkout["is_installed"](group)
    with checkout["LOCKS"][group].open("a") as lock:
        lock.write("one-more==1.0\n")
    assert not checkout["is_installed"](group)


def test_it_does_not_trust_an_interrupted_install(checkout: dict[str, Any]) -> None:
    pretend_installed(checkout, "runtime")
    checkout["UNFINISHED"].touch()
    assert not checkout["is_installed"]("runtime")


def test_it_knows_an_environment_that_came_from_another_folder(checkout: dict[str, Any]) -> None:
    pretend_installed(checkout, "runtime")
    assert not checkout["was_made_elsewhere"]()
    checkout["COMMAND"].write_text(install.command_text(), encoding="utf-8")
    assert checkout["was_made_elsewhere"]()


def test_it_installs_with_what_python_brings_alone() -> None:
    """Reads the script as a bare machine does: without site-packages, and without running the install."""
    program = "import runpy; runpy.run_path('config/install.py', run_name='read')"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=ROOT, check=True, timeout=20)  # noqa: S603 - all ours


def test_it_says_how_it_is_used() -> None:
    assert install.main(["--nonsense"]) == 2


def test_it_tells_platforms_what_to_run() -> None:
    assert (ROOT / "Procfile").read_text(encoding="utf-8").splitlines() == [
        "release: aftercare db upgrade",
        "web: gunicorn -c config/gunicorn.conf.py 'backend.app:create_app()'",
        "clock: python -m jobs",
    ]


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "127.0.0.1:8000"),
        ({"PORT": "8100"}, "127.0.0.1:8100"),
        ({"CARRIER": "twilio", "PORT": "5000"}, "0.0.0.0:5000"),
    ],
)
def test_it_opens_the_sandbox_to_this_machine_alone(
    environment: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gunicorn_settings(environment, monkeypatch)["bind"] == address


def test_it_logs_no_query_no_caller_and_no_referrer(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = re.findall(r"%\(([^)]+)\)s", gunicorn_settings({}, monkeypatch)["access_log_format"])
    assert set(logged) <= {"m", "U", "s", "M"}  # method, path without its query, status, milliseconds


@pytest.fixture
def checkout(tmp_path: Path) -> dict[str, Any]:
    """Read the installer out of a checkout of its own, so that it works there and not on the environment in use."""
    for file in (Path(install.__file__), install.PIP_WHEEL, *install.LOCKS.values()):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return runpy.run_path(str(tmp_path / "config" / "install.py"))


def pretend_installed(checkout: dict[str, Any], group: str) -> None:
    checkout["COMMAND"].parent.mkdir(parents=True)
    checkout["COMMAND"].write_text(checkout["command_text"](), encoding="utf-8")
    checkout["PYTHON"].touch()
    checkout["stamp"](group).write_text(checkout["fingerprint"](group), encoding="utf-8")


def gunicorn_settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in ("PORT", "CARRIER", "WEB_CONCURRENCY", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))


def locked(lock: str) -> dict[str, str]:
    pins = re.findall(r"^([^\s=]+)==([^\s;]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
