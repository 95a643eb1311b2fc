"""A recorded run answers about new images: ``python -m medsmall.predict RUN IMAGE...``.

`words` reads the command line, `runs` finds what RUN names, `scoring` gives the predictions of one
run for squares, `predictor` puts one or several runs together for `medsmall.answer`.
"""
