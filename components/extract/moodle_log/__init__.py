"""The source `moodle-log:DIR`: Moodle's log report, participants and grade book, as a site exports them.

`source` reads and maps, `notes` says how. `reports` tells files apart, `statements` holds what the user states, `times`
and `words` read languages. `acts`, `actors` and `sentences` say whose act a row is. `members` and `names` say who the
learners of a course run are, `calendar` when it begins and ends, `grading` who passed.
"""

from components.extract.moodle_log.source import read

__all__ = ["read"]
