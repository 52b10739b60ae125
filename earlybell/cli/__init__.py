"""The command line: the only part of `earlybell` that imports the rooms outside of it."""
