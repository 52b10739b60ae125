"""A source as a folder of canonical tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from earlybell.cli.options import Ids, need_training
from earlybell.tables import read_facts


@contextmanager
def tables_of(sources: list[str], ids: Ids, pass_mark: float, timezone: str) -> Iterator[Path]:
    """The canonical tables of sources: a `tables:DIR` that has such ids already as it is, others extracted for now."""
    if len(sources) == 1 and sources[0].startswith("tables:"):
        folder = Path(sources[0].removeprefix("tables:"))
        if read_facts(folder)["ids"] == "pseudonymous" or ids is Ids.keep:
            yield folder
            return
    need_training(f"extracting {sources[0].split(':')[0]}")
    from components.extract import Site, extract
    from earlybell.tables.pseudonyms import key_from_environment

    with TemporaryDirectory(prefix="earlybell-") as temporary:
        out, site = Path(temporary) / "tables", Site(pass_mark or None, timezone)
        extract(sources, out, key=key_from_environment(), ids=ids.value, site=site)
        yield out
