"""Guesses the arguments of `Table` or `Folder` for somebody's data, for medsmall.init.

`infer` looks at a table or a folder, `image_column` finds the column of a table that names the
images, `roles` those of patients, labels and the like by their `column_names`; `said` is what the
owner says, `inferred` what was found, and why; `shown` shows it, `yaml_text` writes it as YAML, and
`written` brings a YAML up to date around their edits.
"""
