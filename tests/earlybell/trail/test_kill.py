"""kill -9: what was acknowledged is there."""

import os
import random
import signal
import subprocess
import sys
import time

from earlybell.trail import read_records, verify
from tests.earlybell.trail import places
from tests.earlybell.trail.places import Place

_KILLS = 20


def test_a_process_that_is_killed_under_load_loses_nothing_acknowledged(place: Place) -> None:
    acknowledged: list[str] = []
    for number in range(_KILLS):
        acknowledged += _killed(place, f"process {number}", random.Random(number).uniform(0.01, 0.15))  # noqa: S311
    found = [one.request_id for one in read_records(place.address)]
    assert len(acknowledged) > _KILLS
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found)) <= len(acknowledged) + _KILLS * places.CALLERS
    audit = verify(place.address, place.anchors)
    assert audit.findings == ()
    assert audit.writers == _KILLS


def _killed(place: Place, name: str, after: float) -> list[str]:
    """Start a writer, kill it so many seconds after its first acknowledgement; the ids that it said were kept."""
    command = [sys.executable, places.__file__, place.address, str(place.anchors), name, "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return [line for line in (first + rest).split("\n")[:-1] if line]
