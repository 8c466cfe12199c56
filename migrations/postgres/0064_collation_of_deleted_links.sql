-- Slugs of deleted links are compared by their bytes, as those of links are, whatever the language of the database.
ALTER TABLE deleted_links
    ALTER COLUMN slug TYPE TEXT COLLATE "C",
    ALTER COLUMN slug_key TYPE TEXT COLLATE "C";
