"""The audit trail: who was predicted what, by which version, from which data; append-only, and erasable."""

from earlybell.trail.approvals import Approval, keep_approval, new_approval, read_approvals
from earlybell.trail.create import create
from earlybell.trail.erasure import erase
from earlybell.trail.pairs import Difference, Pairs, compare
from earlybell.trail.records import ANONYMOUS, Record, read_records
from earlybell.trail.trail import Trail, open_trail
from earlybell.trail.verify import Audit, Finding, verify
from earlybell.trail.waivers import Waiver, keep_waiver, new_waiver, read_waivers

__all__ = [
    "ANONYMOUS",
    "Approval",
    "Audit",
    "Difference",
    "Finding",
    "Pairs",
    "Record",
    "Trail",
    "Waiver",
    "compare",
    "create",
    "erase",
    "keep_approval",
    "keep_waiver",
    "new_approval",
    "new_waiver",
    "open_trail",
    "read_approvals",
    "read_records",
    "read_waivers",
    "verify",
]
