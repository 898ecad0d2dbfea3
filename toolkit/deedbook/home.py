"""Where deedbook keeps what is a user's own: settings, what was downloaded and checked before, what it knows of catalogues."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HOME_VARIABLE = "DEEDBOOK_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user; none needs to exist."""

    config: Path
    cache: Path
    state: Path


def find_home(environment: Mapping[str, str] = os.environ) -> Home:
    """The folders that `DEEDBOOK_HOME` names, else those that the system has for such things."""
    if named := environment.get(HOME_VARIABLE, ""):
        root = Path(named)
        return Home(root, root / "cache", root / "state")
    return Home(
        platformdirs.user_config_path("deedbook"),
        platformdirs.user_cache_path("deedbook"),
        platformdirs.user_state_path("deedbook"),
    )
