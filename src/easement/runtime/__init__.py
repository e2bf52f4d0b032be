"""Settings, the composition root, the supervisor of easement up, one module per process role."""
