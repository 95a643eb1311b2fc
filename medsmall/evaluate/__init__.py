"""How good a recorded run is: ``python -m medsmall.evaluate RUN [on dataset=...]``.

`test` has the units that it is judged by: those of its own test, or, by `external`, those of
another data set, whose labels `labels` brings to the run's targets. `judge` computes every table
from them, `page` shows them.
"""
