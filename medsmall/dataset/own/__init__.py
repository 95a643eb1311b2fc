"""How people's own tables and folders are read: the parts of `Table`, `Folder` and medsmall.init.

`spreadsheet` reads the file as text, `column` turns a column into numbers or classes, `listed`
finds the images that a table names, `class_folders` those in folders, and `files` reads them;
`classes` names classes and parts, `labels` tells a table's labels and task. `roles` and `inferred`
guess the arguments for `medsmall.init`.
"""
