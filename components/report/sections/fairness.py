"""Whether the model serves all groups of learners alike."""

from components.report.blocks import Block, Bullets, Details, Grid, Heading, Hint, Picture, Section, Strong
from components.report.figures import CardFigures, Figures
from components.report.groups import Groups, attribute_words
from components.report.pictures import by_group
from components.report.sections import ReportSection
from components.report.words import SPLITS, cutoff_words

_DIFFER = (
    "Beyond what chance allows, groups by one attribute differ in what follows. Named are the largest and the smallest "
    "figure; where a group is small its own figure is less sure than that there is a difference."
)
_ALIKE = "No figure differs between groups by one attribute beyond what chance allows."
_STAND_IN = "That such attributes are no inputs does not settle it: other features can stand in for them."


def report(page: Figures) -> Section:
    groups = Groups(page)
    blocks: list[Block | None] = [
        "No protected attribute was available, so it is not known whether the model serves all groups of learners "
        "alike. " + _STAND_IN
    ]
    if groups.compared or groups.difference_tables:
        blocks = [*_meanings(page, groups), *_differences(groups), *_group_by_group(groups)]
    return Section("Does it serve all groups of learners alike?", blocks, id="fairness", short="Fairness")


def card(page: CardFigures) -> Section:
    groups = Groups(page)
    if not groups.compared and not groups.difference_tables:
        unknown = (
            "No protected attribute was available to the evaluation, so it is not known whether the model serves "
            f"all groups of learners alike. {_STAND_IN}"
        )
        return Section("Fairness", [unknown])
    return Section("Fairness", _card_blocks(page, groups))


def _meanings(page: Figures, groups: Groups) -> list[Block | None]:
    return [
        f"Measured {cutoff_words(groups.cutoff)} on {SPLITS[page.split].lower()}. Protected attributes are read for "
        "this check alone; they are never an input. It says where groups differ, not why, nor what would be just: "
        "groups whose outcomes differ cannot agree in all figures at once.",
        Bullets(
            [
                (Strong("Flagged"), ": the share of a group with a high risk (selection rate)."),
                (Strong("Found"), f": of those who {page.bad}, the share flagged (true positive rate)."),
                (
                    Strong("False alarms"),
                    ": of those who did not, the share flagged all the same (false positive rate).",
                ),
                (
                    Strong("Risk less truth"),
                    f": the mean risk less the share who {page.bad} (calibration); above 0 the model warns of this "
                    "group too much.",
                ),
                (
                    Strong("Told apart"),
                    ": how well the features tell the groups apart (AUC; 0.5 is not at all). Where they do, they "
                    "can stand in for the attribute.",
                ),
            ]
        ),
        "Groups are called what the source calls them. A figure that would rest on fewer than ten learners is not "
        "measured.",
    ]


def _clear(groups: Groups) -> list[Block]:
    if groups.clear_differences:
        return [_DIFFER, Bullets([f"{difference}." for difference in groups.clear_differences])]
    return [_ALIKE] if groups.difference_tables else []


def _differences(groups: Groups) -> list[Block | None]:
    suppressed = f"{len(groups.suppressed)} groups of fewer than ten learners are not shown"
    return [
        Heading("Largest differences"),
        *_clear(groups),
        Hint(
            "How to read it: the group with the largest figure less the one with the smallest. Where the range "
            "begins at 0, no two groups clearly differ."
        ),
        *groups.difference_tables,
        Details(suppressed, ["; ".join(groups.suppressed)]) if groups.suppressed else None,
    ]


def _group_by_group(groups: Groups) -> list[Block | None]:
    drawn = _pictures(groups)
    hint = Hint(
        "How to read it: of those in a group who needed to be found, how many were; where two lines do not overlap, "
        "one group is very likely served worse."
    )
    pairs = groups.pair_tables
    return [
        Heading("Group by group"),
        *((hint, Grid(drawn)) if drawn else ()),
        *groups.group_tables,
        Details("Groups by two attributes together", pairs) if pairs else None,
    ]


def _pictures(groups: Groups) -> list[Picture]:
    """For each protected attribute, the share found in its groups."""
    rates = {name: groups.rates(name, "true_positive_rate") for name in groups.compared}
    return [
        Picture(
            by_group(rows, f"picture-found-{name}", f"Share found, by {name}"),
            f"{attribute_words(name)}: share found in each group.",
        )
        for name, rows in rates.items()
        if len(rows) > 1
    ]


def _card_blocks(page: Figures, groups: Groups) -> list[Block | None]:
    meaning = (
        "A difference is that between the groups with the largest and the smallest figure; where its range begins "
        "at 0, no two groups clearly differ. Told apart: how well the features tell the groups apart (AUC, 0.5 is "
        "not at all); where they do, they can stand in for the attribute."
    )
    return [
        f"Measured {cutoff_words(groups.cutoff)}. Protected attributes are read for this check alone; they are never "
        "an input.",
        "Flagged is the share of a group that the check's threshold flags; found, the share flagged of those who "
        f"{page.bad}; false alarms, the share flagged of those who did not; risk less truth, the mean risk less the "
        f"share who {page.bad}. Small groups have wide ranges, and of groups of fewer than ten learners only the "
        "name is shown.",
        *_clear(groups),
        *groups.difference_tables,
        meaning if groups.difference_tables else None,
        _suppressed(groups) if groups.suppressed else None,
        *groups.group_tables,
        "These figures say where groups differ. They do not say why, nor what would be just: groups whose outcomes "
        "differ cannot agree in all of them at once.",
    ]


def _suppressed(groups: Groups) -> str:
    alone = groups.suppressed_alone
    pairs = len(groups.suppressed) - len(alone)
    return (
        f"Not shown, since fewer than ten learners are in them: {'; '.join(alone) or 'no group by one attribute'}; "
        f"and by two attributes {pairs}, which the report names. Groups by two attributes stand there too."
    )


REPORTSECTION = ReportSection("fairness", report=report, report_order=60, card=card, card_order=120)
