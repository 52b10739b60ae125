"""Settings that have another place now, for who still uses them by their former names."""

from earlybell.errors import SettingError

_OF_SOURCES = ("pass_mark", "timezone")


def check_moved(name: str) -> None:
    """
    Args:
        name: of an option, as `--pass-mark`, or of a pipeline's parameter, as `pass_mark`.

    Raises:
        SettingError: it is an option of the source's address now.
    """
    option = name.removeprefix("--").replace("-", "_")
    if option in _OF_SOURCES:
        way_out = "Write it behind the source's folder, as 'moodle-log:DIR?pass_mark=50%&timezone=Europe/Berlin'."
        raise SettingError("it is part of the source's address now", name, way_out)
