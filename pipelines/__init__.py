"""The order of the steps; compiled for a cluster, or run here: one pipeline, two places."""

import earlybell as earlybell  # first: it switches telemetry off
