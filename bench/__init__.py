"""The benchmark: how fast, in how much memory, each figure beside what it is compared to. `python -m bench --help`."""
