"""The source `moodle-log:DIR`: Moodle's log report, participants and grade book, as a site exports them.

`source` reads and maps; `reports` tells files apart, `statements` holds what the user states, `times` and `words` read
languages, `sentences` and `people` say whose act a row is, `members` who the learners of a course run are.
"""

from components.extract.moodle_log.source import read

__all__ = ["read"]
