"""Plan to NATS: permissions, streams, the auth callout, the relay, dead letters and replay."""
