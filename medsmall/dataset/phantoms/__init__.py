"""Generated stand-ins of the releases: one file per data set writes its images and tables.

Each writes the layout and the quirks of its release, and draws the images with `medsmall.phantom`.
It states names of folders and columns itself and does not take them from the class that reads
them: what is read back was then written as the release is, not as its reader expects it.
"""
