-- What arrived of each journal, beside what its writer says that it wrote. It moves with the journal's position.

CREATE TABLE journal_accounts (
    journal_id      INTEGER PRIMARY KEY,
    -- Records that arrived, whether they are clicks or not.
    records         INTEGER NOT NULL,
    -- Of those that the writer had written when it last counted them, how many did not arrive; less than nothing if more did.
    missing         INTEGER NOT NULL,
    -- Records that the writer gave up, because neither disk nor memory had room.
    dropped         INTEGER NOT NULL
) STRICT;
