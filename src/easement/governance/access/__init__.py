"""Which layers a request or event of an integration passes, and the control in each: plan in, values out. Pure."""
