"""Counts in sentences: 1 row, 2,000 rows; 1 row is bad, 2 rows are."""


class Count(int):
    """A number that words of a text agree with: `f"{n:,} {n:row|rows} {n:is|are} bad"`."""

    def __format__(self, spec: str) -> str:
        """As an int's; or of two words, `row|rows`, the first one after 1."""
        singular, bar, plural = spec.partition("|")
        if not bar:
            return super().__format__(spec)
        return singular if self == 1 else plural


def counted(number: int, thing: str, things: str = "") -> str:
    """A number with what it counts: 1 learner, 2,000 learners.

    Args:
        things: the plural, where it is not `thing` with an s.
    """
    return f"{number:,} {Count(number):{thing}|{things or thing + 's'}}"
