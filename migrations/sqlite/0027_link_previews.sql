-- What previews and search engines are told of a link, the texts of its own that visitors read when it does not lead on, and what search
-- engines are told of the links of a domain.
-- The same change goes into migrations/postgres; a test compares the two schemas.

ALTER TABLE links ADD COLUMN preview TEXT;
ALTER TABLE links ADD COLUMN robots TEXT;
ALTER TABLE links ADD COLUMN expired_text TEXT;
ALTER TABLE links ADD COLUMN not_found_text TEXT;
ALTER TABLE domains ADD COLUMN robots TEXT;
