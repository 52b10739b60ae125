"""The catalogue: every feature of every family, in the order of the model's input, and what hangs together."""

from collections import Counter
from functools import cache

from components.features.families import find_families
from components.features.ties import TIES
from components.features.units import with_unit
from earlybell.bundle import Catalogue, Fact
from earlybell.errors import SettingError

VERSION = "4"  # of our own features' definitions
# What asks for a look without a risk.
FALLBACK = (Fact("missed_work", least=1.0), Fact("days_since_activity", least=7.0))


@cache
def find_catalogue() -> Catalogue:
    """The catalogue of all families.

    Raises:
        SettingError: two features have one name; or as `find_extensions`.
    """
    families = find_families().values()
    features = tuple(with_unit(definition.feature) for family in families for definition in family.definitions)
    name, count = Counter(feature.name for feature in features).most_common(1)[0]
    if count > 1:
        raise SettingError("two features have one name", name, "Give one of them another name, or uninstall it.")
    return Catalogue(
        VERSION,
        features,
        ties=(*TIES, *(tie for family in families for tie in family.ties)),
        scale="logarithmic",
        never_reasons=tuple(family.name for family in families if family.never_reasons),
        fallback=FALLBACK,
    )
