-- What was taken in so far, by source and name: counted with each flush, never recounted from the lake.
CREATE TABLE observed (
    source TEXT NOT NULL, -- empty for what came before sources were counted
    log TEXT NOT NULL,
    event TEXT NOT NULL, -- the event's name; empty for traits
    name TEXT NOT NULL, -- of the property or trait; empty where the facts themselves are counted
    value_type TEXT NOT NULL, -- empty where the facts themselves are counted
    row_count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (source, log, event, name, value_type)
) STRICT, WITHOUT ROWID;

INSERT INTO observed (source, log, event, name, value_type, row_count, first_at, last_at)
SELECT '', log, event, '', '', sum(row_count), min(first_at), max(last_at)
FROM segments
GROUP BY log, event;

INSERT INTO observed (source, log, event, name, value_type, row_count, first_at, last_at)
SELECT
    '', log, event, columns.value ->> 'name', columns.value ->> 'value_type', sum(columns.value ->> 'rows'),
    min(first_at), max(last_at)
FROM segments
JOIN json_each(segments.columns) AS columns
GROUP BY log, event, columns.value ->> 'name', columns.value ->> 'value_type';
