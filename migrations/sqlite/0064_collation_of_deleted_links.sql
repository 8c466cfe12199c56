-- Text is compared by its bytes here already; PostgreSQL has to be told.
SELECT 1;
