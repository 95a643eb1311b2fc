"""Guesses the arguments of `Table` or `Folder` for somebody's data, for medsmall.init.

`infer` looks at a table or a folder, `image_column` finds the column of a table that names the
images, `roles` those of patients, labels and the like; `said` is what the owner says, `inferred`
what was found, and why; `shown` shows it, and `written` writes it as YAML around their edits.
"""
