"""The fault laboratory: what breaks between a gateway and its upstreams, callers who notice, and the scenarios.

``faults/run.py`` plays the scenarios at full size and prints a scorecard; ``tests/faults`` plays them small.
"""
