"""The rollout: what a release prints for kubectl, and what follows the traffic. It changes nothing on the cluster."""

import earlybell as earlybell  # first: it switches telemetry off
