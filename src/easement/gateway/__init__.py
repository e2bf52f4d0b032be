"""Plan to Envoy files, the node agent, the Lua contract runtime and the decider."""
