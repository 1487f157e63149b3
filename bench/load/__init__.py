"""The load side of the bench: upstreams and load generators, all on the load core."""
