-- Whether the visitor asked not to be tracked and the workspace leaves such clicks out of its reports.
ALTER TABLE clicks{cluster} ADD COLUMN IF NOT EXISTS opted_out Bool DEFAULT false;
