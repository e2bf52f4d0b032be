"""The compiler: estate to plan, the representation that gateway and broker render. Pure."""
