"""The bench of the library: what TaskRouter costs, what it keeps, and what it is good for. See ../README.md."""
