"""The contract language: document kinds, loading with positions, problems with codes. Pure."""
