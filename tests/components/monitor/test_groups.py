"""Groups that are not shown, by hand."""

import numpy as np
import pytest

from components.groups import of_shown


@pytest.mark.parametrize(
    ("women", "men", "shown"),
    [(29, 1, False), (20, 10, True), (20, 9, False), (30, 0, True), (15, 15, True), (10, 10, True)],
    ids=["a man", "enough", "few men, one unknown", "nobody else", "halves", "enough unknown"],
)
def test_where_a_group_or_the_unknown_rest_is_too_small_none_of_the_attribute_is_shown(
    women: int, men: int, shown: bool
) -> None:
    number = np.arange(30)
    groups = {
        "gender=F": number < women,
        "gender=M": (number >= women) & (number < women + men),
        "region=N": number >= 0,
    }
    sizes = {group: len(rows) for group, rows in of_shown(groups, number, 10).items()}
    assert sizes == {"gender=F": women * shown, "gender=M": men * shown, "region=N": 30}
