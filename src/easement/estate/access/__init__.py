"""Access conditions: read as a tree, split by where they can be decided, and what keeps them from being enforced."""
