"""What share of the draw each member of a pool has: one answer for the strategy and for who follows in the plan."""

from __future__ import annotations

from pointsman.model.decision import Pool


def shares_of(pool: Pool) -> tuple[str, list[float]]:
    """The figure that gives the shares, and one share a member; the pool is not empty and at least one is above 0."""
    for source in ("weight", "rpm", "tpm"):
        shares = [float(getattr(d, source) or 0) for d in pool]
        if max(shares) > 0:
            return source, shares
    return "equal chance", [1.0] * len(pool)
