"""The source `moodle-web:https://…`: the web services of a Moodle site, 4.5 to 5.x.

`address` and `client` ask. Where the site has the plugin `local_earlybell`, `plugin` has from it the very rows that
`moodle-db` reads. Where it does not, `core` has of Moodle's own functions as much of the same rows as they tell. What
follows is that of `moodle-db` either way.
"""

from components.extract.moodle_web.address import read_address
from components.extract.moodle_web.source import read

__all__ = ["read", "read_address"]
