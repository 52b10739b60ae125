"""Settings that have another place now, for who still uses them by their former names."""

from collections.abc import Callable, Sequence

from earlybell.errors import SettingError

_OF_SOURCES = ("pass_mark", "timezone")
_TAKEN_BY = ("moodle-log:", "moodle-db:")  # sources that have these options


def check_moved(name: str) -> None:
    """
    Args:
        name: of an option, as `--pass-mark`, or of a pipeline's parameter, as `pass_mark`.

    Raises:
        SettingError: it is an option of the source's address now.
    """
    if _setting(name) in _OF_SOURCES:
        way_out = "Write it behind the source's folder, as 'moodle-log:DIR?pass_mark=50%&timezone=Europe/Berlin'."
        raise SettingError("it is part of the source's address now", name, way_out)


def in_addresses(arguments: Sequence[str], tell: Callable[[str], None]) -> list[str]:
    """A command's arguments, with options of former versions in the addresses of the sources that take them.

    Args:
        tell: of each address as it is read, and is to be written.

    Raises:
        SettingError: no source is there to take such an option, or it has no value.
    """
    rest, options = _taken_out(arguments)
    takers = [argument for argument in rest if argument.startswith(_TAKEN_BY)]
    if options and not takers:
        check_moved(options[0][0])
    added = "&".join(f"{_setting(name)}={value}" for name, value in options)
    addresses = {place: f"{place}{'&' if '?' in place else '?'}{added}" for place in takers if added}
    for address in addresses.values():
        names = " and ".join(name for name, _ in options)
        tell(f"note: {names}: part of the source's address now, which is read as '{address}'.")
    return [addresses.get(argument, argument) for argument in rest]


def _taken_out(arguments: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The arguments without such options, and these with their values."""
    rest: list[str] = []
    options: list[tuple[str, str]] = []
    left = iter(arguments)
    for argument in left:
        name, equals, value = argument.partition("=")
        if name.startswith("--") and _setting(name) in _OF_SOURCES:
            options.append((name, value if equals else next(left, "")))
            if not options[-1][1]:
                check_moved(name)
        else:
            rest.append(argument)
    return rest, options


def _setting(name: str) -> str:
    return name.removeprefix("--").replace("-", "_")
