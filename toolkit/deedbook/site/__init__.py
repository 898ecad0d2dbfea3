"""The static site of a catalogue: pages for people, made from its releases alone.

    ROOT/catalog.json, NAME/VERSION/...     the catalogue; no file of it is touched
    ROOT/site/index.html                    leads to en/ and de/
    ROOT/site/assets/                       the style sheet, the one script, the licences of what is in it and in maps
    ROOT/site/LANG/...                      the pages of a language (addresses)
    ROOT/site/data/...                      what the script reads where pages are opened as files, and what it searches
    ROOT/site/data/~made.json                what the pages of each dataset followed from (digests)

`editions` reads and proves the releases, `roles` says what their fields are for, `pages` renders, `writer` writes, `build` does
all of it.
"""

from deedbook.site.build import Built, build_site

__all__ = ["Built", "build_site"]
