"""The source `moodle-web:ADDRESS`."""

from components.extract import moodle_web
from components.extract.sources import Source

SOURCE = Source("moodle-web", "ADDRESS", "the web services of a Moodle, https://…", moodle_web.read)
