"""Generated images: one file per kind of image, drawn so that what a data set asks can be learnt.

A data set's ``write_phantom`` draws its images with the functions here and writes them, with the
tables, in the layout of its release; `medsmall.dataset.opening` keeps them on disk. A drawing
depends on its arguments and its random generator alone; `drawing` has what all of them share,
`colour` what those in colour do. They show that everything works, and say nothing about medicine.
"""
