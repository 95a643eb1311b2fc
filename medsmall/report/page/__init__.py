"""The report as one page that opens from disk: ``report.html``.

`whole` puts the sections together, one file each; `arms_drawn` chooses the arms whose predictions
are shown. Nothing on the page names a patient or an image file.
"""
