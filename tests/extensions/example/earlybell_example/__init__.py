"""Extensions of Earlybell, a module each."""
