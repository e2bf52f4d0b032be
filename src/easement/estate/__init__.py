"""The registered estate: graph and impact, lifecycle table, review rules. Pure."""
