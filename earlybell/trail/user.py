"""Who writes to the trail by a command."""

import getpass
import os


def user_name() -> str:
    """The name of this process's user; of a user without one, as in a pod, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
