-- Whether the visitor asked not to be tracked and the workspace leaves such clicks out of its reports. Packed clicks have it in their class.
ALTER TABLE clicks ADD COLUMN opted_out INTEGER NOT NULL DEFAULT 0;
