"""Entries of the trail that are no predictions: what a person decided about a model. They name no learner."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from earlybell.trail.chain import Body
from earlybell.trail.stores import reading
from earlybell.trail.trail import open_trail

EntryT = TypeVar("EntryT", bound=msgspec.Struct)


def keep_entry(entry: msgspec.Struct, address: str, anchors: str = "") -> None:
    """Keep an entry in the trail at `address`, on its disk when this returns.

    Args:
        entry: of a type with a tag `kind`.
        anchors: as `open_trail` takes them; empty: not given.

    Raises:
        TrailError: the trail cannot be written.
        SettingError: the store is PostgreSQL and no anchors are given.
    """
    with open_trail(address, anchors=anchors or None) as trail:
        trail.add([Body(msgspec.json.encode(entry).decode())]).result()


def read_entries(address: str, kind: type[EntryT]) -> Iterator[EntryT]:
    """The entries of a type in the order of each writer, with their places.

    Raises:
        TrailError: there is no such trail, or it cannot be read.
    """
    start = f'{{"{kind.__struct_config__.tag_field}":"{kind.__struct_config__.tag}",'
    query = f"""SELECT payload FROM trail_payload WHERE learner_id IS NULL AND payload LIKE '{start}%'
    ORDER BY writer, seq"""
    with reading(address) as store:
        for (payload,) in store.rows(query):
            yield msgspec.json.decode(payload, type=kind)
