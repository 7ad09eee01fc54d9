"""A table of people in, a scored table out: reading rows, gathering what is wrong with them, writing."""
