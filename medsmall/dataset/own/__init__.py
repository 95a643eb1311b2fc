"""How people's own tables and folders are read: the parts of `Table`, `Folder` and medsmall.init.

`spreadsheet` reads the file as text, `column` turns a column into numbers or classes, `listed`
finds the images that a table names and `class_folders` those in folders; `classes` names labels and
parts, `label_task` tells the task. `roles` and `inferred` guess the arguments for `medsmall.init`.
"""
