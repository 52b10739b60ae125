"""Where files of Earlybell's own lie: runs, the registry, caches."""

import os
from pathlib import Path


def home_folder() -> Path:
    """The folder that EARLYBELL_HOME names, else `.earlybell`; it need not be there."""
    return Path(os.environ.get("EARLYBELL_HOME") or ".earlybell")
