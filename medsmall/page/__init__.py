"""Pages that open from disk: one HTML file, readable without script, in print, light and dark.

- `sections`: what a page is made of;
- `palette`: figures, drawn once for a light and a dark page and for files;
- `thumbnails`: contact sheets;
- `writing`: the HTML, and the files beside it.
"""
