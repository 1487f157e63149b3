"""Offline work: what is learnt and measured before anything is shipped. Nothing here runs in a gateway."""
