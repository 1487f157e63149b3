"""Reading what a request is about. Pure inference: embeddings come from outside, as an effect."""
