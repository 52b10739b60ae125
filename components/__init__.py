"""What a pipeline does, a folder a step: its logic, and a thin `component.py` that KFP runs."""

import earlybell as earlybell  # first: it switches telemetry off
