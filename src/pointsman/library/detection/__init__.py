"""What tells the category of a prompt: orders, phrases, and likeness to labelled examples."""
