"""The source `moodle-db:postgresql://…` or `moodle-db:mysql://…`: the database of a Moodle site, 4.5 to 5.x.

`databases` has the two engines, `structure` says which columns of Moodle's are read, `site` looks whether it is one and
reads what it says of itself. `workspace` copies the columns into DuckDB, as they are at one moment. `log_store` keeps
what a sync has read of the log. All that follows is DuckDB's SQL, the same for both engines: `runs` (which courses,
when, what ties them together), `people` (who is a learner, who left), `marks` (weights, when a mark was known), `work`
(assessments, extensions, submissions), `outcomes`. `serialized` reads what Moodle wrote with PHP. `source` puts them
together. `preview` shows the runs, `grants` writes the script of a role.
"""

from components.extract.moodle_db.address import place_of, read_address
from components.extract.moodle_db.grants import script
from components.extract.moodle_db.preview import Preview, preview
from components.extract.moodle_db.source import read

__all__ = ["Preview", "place_of", "preview", "read", "read_address", "script"]
