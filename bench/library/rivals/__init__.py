"""Who is measured side by side, each in a process of its own. Nothing here may import more than the standard library:
rivals run in environments of their own. To add one: a module with ``VERSION``, ``STRATEGIES``, ``steps`` (and
``chooser``, if it takes part in the simulated world), and one line in ``MODULES``.
"""

OURS, BY_HAND, GUARDED, LITELLM, LIKE_LITELLM = (
    "pointsman",
    "by hand",
    "by hand and pybreaker",
    "litellm",
    "shuffle like litellm's",
)

MODULES = {
    OURS: "library.rivals.ours",
    BY_HAND: "library.rivals.by_hand",
    GUARDED: "library.rivals.guarded",
    LITELLM: "library.rivals.litellm_router",
    LIKE_LITELLM: "library.rivals.shuffle",
}

COUNTERPARTS = {
    (LITELLM, "simple-shuffle"): "simple-shuffle",
    (LITELLM, "least-busy"): "least_loaded",
    (LITELLM, "latency-based-routing"): "latency-based-routing",
    (LITELLM, "usage-based-routing"): "usage-based-routing",
    (LITELLM, "usage-based-routing-v2"): "usage-based-routing",
    (BY_HAND, "round robin"): "round_robin",
    (GUARDED, "round robin"): "round_robin",
}
"""Which of our strategies does what the rival's does."""
