"""The source `moodle-log:DIR`."""

from components.extract import moodle_log
from components.extract.sources import Source

SOURCE = Source("moodle-log", "DIR", "Moodle's log report, participants and grade book, as exported", moodle_log.read)
