"""Earlybell: an early-warning system for courses on Moodle."""

__version__ = "0.1.0"
