"""Standards as code: rules, findings, waivers and the shipped baseline. Pure."""
