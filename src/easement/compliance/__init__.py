"""The law pack: adequacy decisions and transfer mechanisms as dated data. Pure."""
