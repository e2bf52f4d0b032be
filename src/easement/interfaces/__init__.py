"""OpenAPI, AsyncAPI and JSON Schema read into one model of operations, channels and fields. Pure."""
