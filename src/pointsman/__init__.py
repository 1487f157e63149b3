"""The names that users import, and nothing else."""

__version__ = "0.1.0"
