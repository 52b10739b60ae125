"""The audit trail: who was predicted what, by which version, from which data; append-only, and erasable."""

from earlybell.trail.create import create
from earlybell.trail.erasure import erase
from earlybell.trail.pairs import Difference, Pairs, compare
from earlybell.trail.records import ANONYMOUS, Record, read_records
from earlybell.trail.trail import Trail, open_trail
from earlybell.trail.verify import Audit, Finding, verify

__all__ = [
    "ANONYMOUS",
    "Audit",
    "Difference",
    "Finding",
    "Pairs",
    "Record",
    "Trail",
    "compare",
    "create",
    "erase",
    "open_trail",
    "read_records",
    "verify",
]
