"""The grammar of a score in a text: its number, what else a number may be, its name, its time and its frame."""
