"""Settings from variables that a test gives, as the program reads them from its environment."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import Settings, load_settings


def settings_of(environ: Mapping[str, str], folder: Path) -> Settings:
    """Returns the settings of a process with these variables and no others of ours, started in `folder`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PAPERWIRE_")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        return load_settings()
