"""The audit trail: who was predicted what, by which version, from which data; append-only, and erasable."""

from earlybell.trail.approvals import Approval, new_approval
from earlybell.trail.create import create
from earlybell.trail.entries import keep_entry, read_entries
from earlybell.trail.erasure import erase
from earlybell.trail.pairs import Difference, Pairs, compare
from earlybell.trail.records import ANONYMOUS, Record, read_records
from earlybell.trail.trail import Trail, open_trail
from earlybell.trail.verify import Audit, Finding, verify
from earlybell.trail.waivers import Waiver, new_waiver

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
    "keep_entry",
    "new_approval",
    "new_waiver",
    "open_trail",
    "read_entries",
    "read_records",
    "verify",
]
