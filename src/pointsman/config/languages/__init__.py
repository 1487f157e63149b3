"""What patterns have in common: RE2 says whether a name matches, this says which names could.

A pattern is read (``expression.py``), becomes an automaton (``automaton.py``), and two automata are walked side by side
(``compare.py``). Users' patterns are only read here, never run: whatever is found is tried with RE2 before it is told.
"""
