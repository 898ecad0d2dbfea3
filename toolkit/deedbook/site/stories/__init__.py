"""The pages about one event and about one actor, of the latest version, with what became of them over all versions.

    NAME/events/ID.html, actors/ID.html         stable addresses; a row that was withdrawn or merged keeps its page, which says so
    NAME/events/index.html, actors/index.html   all of them; events by year, in pages of a year where there are many
    NAME/event.html#ID, actor.html#ID           in place of the pages where there are too many of them to write each

`parts` tells which table plays which part, `records` groups the rows once for all languages, `cells` shows values, `events` and
`actors` make the stories, `history` the steps over the versions, `leaves` the pages.
"""

from deedbook.site.stories.leaves import story_pages
from deedbook.site.stories.records import has_pages, read_records

__all__ = ["has_pages", "read_records", "story_pages"]
