"""Plan to NATS permissions and streams, the auth callout, the relay, dead letters and replay."""
