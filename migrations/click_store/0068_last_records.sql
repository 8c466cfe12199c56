-- By what a partition of the bus is told from another of the same name: the fingerprint of the last record before next_offset; NULL where it is
-- not known.
ALTER TABLE bus_partitions ADD COLUMN last_record INTEGER;
