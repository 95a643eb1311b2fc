"""Guesses the arguments of `Table` or `Folder` for somebody's data, for medsmall.init.

`infer` looks at a table or a folder, `image_column` finds the column of a table that names the
images, `roles` those of patients, labels and the like; `inferred` holds what was found, and why.
"""
