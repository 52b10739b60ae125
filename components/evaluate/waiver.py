"""A model that was trained without its gates, in the trail."""

from pathlib import Path

from earlybell.bundle import read_bundle
from earlybell.gates import Verdict
from earlybell.trail import keep_entry, new_waiver
from earlybell.trail.address import address_and_anchors


def record_waiver(bundle: Path, verdict: Verdict, model_name: str, trail: str, anchors: str) -> str:
    """Keep the waiver of a sealed bundle's verdict in the trail, if there is one; in words, where it was recorded.

    It comes before the registration: nothing is registered without its gates that a trail was to know and does not.

    Args:
        model_name: of the registered model.
        trail, anchors: as `address_and_anchors` takes them.

    Raises:
        TrailError: the trail cannot be written.
    """
    address, anchors = address_and_anchors(trail, anchors)
    reason = f"without gates: {verdict.waived}"
    if not address:
        return f"{reason}; recorded in the bundle alone: no audit trail is named (--trail or EARLYBELL_TRAIL)"
    digest = read_bundle(bundle).digest
    waiver = new_waiver(
        "train", verdict.waived, model_name=model_name, model_version="", digest=digest, missed=verdict.missed
    )
    keep_entry(waiver, address, anchors)
    return f"{reason}; recorded in the audit trail"
