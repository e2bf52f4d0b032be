"""What a change of an interface means for those who use it: one verdict model for every format of description."""
