"""Generated images: one file per kind of image, drawn so that what a data set asks can be learnt.

The writers in `medsmall.dataset.phantoms` draw a release's images with the functions here and write
them, with its tables, in its layout; nothing here knows a data set. A drawing depends on its
arguments and its random generator alone; `drawing` has what all of them share, `colour` what those
in colour do, `files` how they are written. They show that everything works, and say nothing about
medicine.
"""
