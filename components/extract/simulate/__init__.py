"""The source `simulate:`: a made-up Moodle site whose true risks are known.

The learners' latent ability and engagement drift from week to week; everything recorded (events, submissions,
scores, ratings) is a noisy sign of them, and so is the outcome. What is deliberately in the data:

- Outcomes are drawn from known probabilities, kept in `truth/true_risk.parquet`: a calibrated model matches them.
- Learners of more deprived neighbourhoods are a little less engaged, so that a fairness check has something to find;
  every other protected attribute is independent of the outcome. A declared disability only makes extensions likelier.
- Interventions have no effect: a measure of impact should find none.
- Courses differ in difficulty, in volume of activity and in the number of assessments.

Nothing here imitates a real learner, and no figure measured on it says how a model does on a real site.
"""

from components.extract.simulate.settings import Settings, parse
from components.extract.simulate.site import simulate

__all__ = ["Settings", "parse", "simulate"]
