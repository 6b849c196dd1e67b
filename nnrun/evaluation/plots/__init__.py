"""Pictures of a run: one module per kind, each a function from values to PNG bytes."""

import logging

# The first import on a machine builds a font list, and a home that cannot be written gets a temporary one:
# matplotlib logs both as warnings, which would come between the lines of a display.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
