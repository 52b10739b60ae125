"""manifest.json: what a sealed bundle is, what it was made of, and the digest of each of its files."""

from msgspec import Struct

FORMAT = 2
READABLE = (1, FORMAT)  # of format 1 `earlybell.bundle.upgrade` makes the present one


class Policy(Struct, frozen=True):
    """What decided the thresholds, as the pipeline's parameters; 0: not given.

    Attributes:
        capacity: learners a week that the staff of a course run can see; below 1: a share of its learners.
        cost_miss, cost_false_alarm: in any one unit; both above 0, they decide instead.
    """

    capacity: float = 0.2
    cost_miss: float = 0.0
    cost_false_alarm: float = 0.0


class DataFacts(Struct, frozen=True):
    """The data that a model was trained on: its sources, the digest of its tables, learners and moments."""

    sources: tuple[str, ...] = ()
    digest: str = ""
    learners: int = 0
    moments: int = 0


class CatalogueFacts(Struct, frozen=True):
    """The version of the features' definitions, and the digest of all of them."""

    version: str = ""
    hash: str = ""


class CodeFacts(Struct, frozen=True):
    """The version of the code, and the digest of the files of it that make a bundle."""

    version: str = ""
    digest: str = ""


class Manifest(Struct, frozen=True, kw_only=True):
    """The manifest of a sealed bundle; what an older one does not record is empty.

    Attributes:
        format: of the bundle's files.
        name: of the model.
        algorithm: the chosen candidate's name.
        label: what label 1 means.
        created_at: when it was sealed, in UTC; it is no part of the bundle's digest.
        files: the SHA-256 of every sealed file, by its path in the bundle.
    """

    format: int = FORMAT
    name: str = ""
    algorithm: str = ""
    label: str = "outcome"
    settings: Policy = Policy()
    seed: int | None = None
    created_at: str = ""
    data: DataFacts = DataFacts()
    catalogue: CatalogueFacts = CatalogueFacts()
    code: CodeFacts = CodeFacts()
    files: dict[str, str] = {}
