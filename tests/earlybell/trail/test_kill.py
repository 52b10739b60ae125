"""kill -9: what was acknowledged is there."""

import random
import signal
import time
from pathlib import Path

from earlybell.trail import read_records, verify
from tests.earlybell.trail.places import CALLERS, PROCESSES, Place, append_many

_KILLS = 20


def test_a_process_that_is_killed_under_load_loses_nothing_acknowledged(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "acknowledged"
    for number in range(_KILLS):
        _kill_a_writer(place, path, f"process {number}", random.Random(number).uniform(0, 0.3))  # noqa: S311
    acknowledged = path.read_text().split("\n")[:-1]
    recorded = [record.request_id for record in read_records(place.address)]
    assert len(acknowledged) > _KILLS
    assert set(acknowledged) <= set(recorded)
    assert len(recorded) == len(set(recorded)) <= len(acknowledged) + _KILLS * CALLERS
    audit = verify(place.address, place.anchors)
    assert audit.findings == ()
    assert audit.writers == _KILLS


def _kill_a_writer(place: Place, acknowledged: Path, name: str, after: float) -> None:
    """Start a writer, and kill it so many seconds after its first acknowledgement."""
    before, until = acknowledged.stat().st_size if acknowledged.exists() else 0, time.monotonic() + 20
    process = PROCESSES.Process(target=append_many, args=(place.address, place.anchors, name, 10**5, acknowledged))
    process.start()
    while not acknowledged.exists() or acknowledged.stat().st_size == before:
        assert time.monotonic() < until, "the writer did not begin"
        time.sleep(0.005)
    time.sleep(after)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
