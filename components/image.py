"""The container image that every component runs in on a cluster; here, components run in the present environment."""

import os

from earlybell import __version__

IMAGE = os.environ.get("EARLYBELL_IMAGE", f"ghcr.io/earlybell/components:{__version__}")
