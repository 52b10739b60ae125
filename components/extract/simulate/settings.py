"""What a simulated site can be told: `simulate:learners=2000,seed=7`."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from earlybell.errors import SettingError

_LIMITS = {
    "learners": (20, 10_000_000),
    "courses": (1, 50),
    "runs": (1, 20),
    "weeks": (8, 52),
    "seed": (0, 2**63 - 1),
    "events": (60, 20_000),
    "onset": (0, 51),
    "rounds": (1, 20),
}
_WORDS = {"true": True, "false": False}
SCENARIOS = {  # what happens to the newest rounds of runs, in words
    "none": "nothing",
    "pandemic": "everybody turns to Moodle, and many lose heart",
    "redesign": "a quiz each week takes the place of most assignments, from the start",
    "dead_feature": "the log no longer has what is done in forums and quizzes",
    "broken_ingestion": "no event arrives any more",
    "changed_labels": "the examination is harder, and nothing else changes",
    "one_group": "four of five events of the most deprived learners are lost",
}


@dataclass(frozen=True)
class Settings:
    """A simulated site.

    Args:
        learners: all learners, shared out equally over the runs; each takes one run.
        courses: distinct course codes.
        runs: finished runs of each course.
        weeks: length of a run.
        seed: the same settings and seed give the same tables.
        events: mean number of events a learner, over the whole site.
        current: whether one more run of the first course is under way; its records stop half-way.
        scenario: what happens to the newest rounds of runs, one of `SCENARIOS`; every earlier run stays as it is.
        onset: weeks of these runs before it happens.
        rounds: of runs in which it happens, the newest ones.

    Raises:
        SettingError: a value out of its limits, or fewer than five learners a run.
    """

    learners: int = 1000
    courses: int = 2
    runs: int = 2
    weeks: int = 16
    seed: int = 1
    events: int = 250
    current: bool = True
    scenario: str = "none"
    onset: int = 6
    rounds: int = 1

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise _error(name, getattr(self, name), f"Give a whole number from {low} to {high}.")
        if self.scenario not in SCENARIOS:
            raise _error("scenario", self.scenario, f"Scenarios: {', '.join(SCENARIOS)}.")
        least = 5 * (self.courses * self.runs + self.current)
        if self.learners < least:
            raise _error("learners", self.learners, f"Give five for each course run: at least {least}.")

    @property
    def place(self) -> str:
        """These settings written out, as `parse` reads them."""
        return ",".join(f"{name}={str(value).lower()}" for name, value in asdict(self).items())


def parse(place: str) -> Settings:
    """The settings named by what follows `simulate:`; an empty place gives the defaults.

    Raises:
        SettingError: an unknown or repeated name, or a value that is not allowed.
    """
    settings: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in place.split(","))):
        name, value = (word.strip() for word in part.partition("=")[::2])
        if name in settings:
            raise _error(name, value, "Give it once.")
        settings[name] = _value(name, value)
    return Settings(**settings)


def _value(name: str, value: str) -> int | str:
    names = [field.name for field in fields(Settings)]
    if name not in names:
        raise _error(name, value, f"Names are {', '.join(names)}, as in simulate:learners=2000,seed=7.")
    if name == "scenario":
        return value.lower()
    if name == "current":
        if value.lower() not in _WORDS:
            raise _error(name, value, "Give true or false.")
        return _WORDS[value.lower()]
    try:
        return int(value)
    except ValueError:
        low, high = _LIMITS[name]
        raise _error(name, value, f"Give a whole number from {low} to {high}.") from None


def _error(name: str, value: object, way_out: str) -> SettingError:
    return SettingError(f"setting {name} of the simulated site", value, way_out)
