"""A copy of the signed files to spoil or to sign."""

import shutil
from pathlib import Path

import pytest

from config.loading import FOLDER, pin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "config"
    for name in ("crisis", "lexicon", "texts"):
        shutil.copytree(FOLDER / name, copy / name)
    for name in ("protocol.toml", "languages.toml", "signoff.toml"):
        shutil.copy(FOLDER / name, copy / name)
    pin(copy)
    return copy
