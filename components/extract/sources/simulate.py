"""The source `simulate:SETTINGS`."""

from pathlib import Path

from components.extract.sources import Source, as_tables


def _write(place: str, folder: Path) -> None:
    from components.extract.simulate import parse, simulate  # numpy's random worlds, for nobody else to load

    simulate(folder, parse(place))


SOURCE = Source("simulate", "SETTINGS", "a made-up site whose true risks are known", as_tables(_write))
