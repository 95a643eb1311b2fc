"""Guesses the arguments of `Table` or `Folder` for the user's data, for medsmall.init.

`infer` reads a table or a folder, `image_column` finds the column with the image files,
`patient_column` that of the patients, `roles` those of labels and so on, by `column_names`. `said`
holds the user's options, `inferred` the findings with their reasons; `shown` prints them,
`yaml_text` writes them as YAML, and `written` updates a YAML without losing edits.
"""
