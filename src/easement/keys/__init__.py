"""Key providers, envelope encryption, secret references, and a strict JOSE wrapper."""
