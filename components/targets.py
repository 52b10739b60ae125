"""The targets of examples, as the label step wrote them to a folder."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from earlybell.bundle.heads import Head
from earlybell.bundle.json_files import read_json
from earlybell.tables.sql import connect, identifier, parquet

Floats = npt.NDArray[np.float64]


def read_heads(folder: Path) -> tuple[Head, ...]:
    """The heads of a folder of targets, or of one that the train step wrote of them."""
    return read_json(folder / "heads.json", tuple[Head, ...])


def read_targets(features: Path, labels: Path, folder: Path) -> dict[str, Floats]:
    """The target (n,) of each head by its name, NaN where there is none, in the order of `read_examples`."""
    names = [head.name for head in read_heads(folder)]
    sql = f"""
        SELECT {", ".join(map(identifier, names))}
        FROM {parquet(features / "features.parquet")} AS f JOIN {parquet(labels)} AS l USING (moment_id)
        LEFT JOIN {parquet(folder / "targets.parquet")} AS t USING (moment_id) ORDER BY moment_id"""
    columns = connect().execute(sql).fetchnumpy()
    return {name: np.ma.filled(np.ma.asarray(columns[name], dtype=np.float64), np.nan) for name in names}
