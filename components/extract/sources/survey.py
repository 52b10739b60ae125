"""The source `survey:DIR`."""

from components.extract import survey
from components.extract.sources import Source

SOURCE = Source("survey", "DIR", "answers to the survey of Appendix A, beside another source", survey.read)
