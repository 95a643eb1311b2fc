"""How good a recorded run is: ``python -m medsmall.evaluate RUN [on dataset=...]``.

`judged` has the units that it is judged by: those of its own test, or, by `external`, those of
another data set, whose labels `labels` brings to the run's targets. Each section of the page has
a file (`scores`, `calibrated`, `calls`, `benefit`, `groups`, `certain`, `sets`); `whole` has the
page.
"""
