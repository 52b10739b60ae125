"""The order of the steps; compiled for a cluster, or run here: one pipeline, two places."""
