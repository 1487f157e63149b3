"""The library: routing among registered models inside a Python program."""
