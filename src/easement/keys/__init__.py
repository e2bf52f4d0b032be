"""Key providers, envelope encryption and the strict JOSE wrapper."""
