"""Simulated services and servers that speak OpenAI's format with differences: what each adds, refuses and how it says
no. ``table`` has a row each, ``api`` plays one, ``errors`` are their words.
"""
