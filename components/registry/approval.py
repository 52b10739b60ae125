"""A proposal that the site approves without a person, where its settings say so."""

from components.retraining import PERSON, Proposal, check_approval
from earlybell.trail import keep_entry, new_approval
from earlybell.trail.address import address_and_anchors

REASON = "the site approves what is not worse"


def approved_by_site(proposal: Proposal, approval: str, model_name: str, trail: str, anchors: str) -> str:
    """By whom and why it is approved; empty: it waits for a person.

    What is worse, or cannot be compared with a champion that has not seen the learners, waits for a person whatever the
    site says. The trail, where one is named, has the approval first.

    Raises:
        SettingError: nobody approves so.
        TrailError: the trail cannot be written.
    """
    check_approval(approval)
    comparison = proposal.comparison
    if approval == PERSON or comparison.seen or comparison.finding not in ("better", "no clear difference"):
        return ""
    address, anchors = address_and_anchors(trail, anchors)
    kept = new_approval(
        REASON,
        approved=True,
        model_name=model_name,
        model_version="",
        digest=proposal.candidate_digest,
        proposed=proposal.sentence,
    )
    if address:
        keep_entry(kept, address, anchors)
    return kept.in_short
