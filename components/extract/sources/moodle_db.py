"""The source `moodle-db:ADDRESS`."""

from components.extract import moodle_db
from components.extract.sources import Source

SOURCE = Source("moodle-db", "ADDRESS", "the database of a Moodle, postgresql://… or mysql://…", moodle_db.read)
