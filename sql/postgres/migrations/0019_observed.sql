-- What was taken in so far, by source and name: counted with each flush, never recounted from the lake.
CREATE TABLE observed (
    source TEXT COLLATE "C" NOT NULL, -- empty for what came before sources were counted
    log TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL, -- the event's name; empty for traits
    name TEXT COLLATE "C" NOT NULL, -- of the property or trait; empty where the facts themselves are counted
    value_type TEXT COLLATE "C" NOT NULL, -- empty where the facts themselves are counted
    row_count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (source, log, event, name, value_type)
);

INSERT INTO observed (source, log, event, name, value_type, row_count, first_at, last_at)
SELECT '', log, event, '', '', CAST(sum(row_count) AS BIGINT), min(first_at), max(last_at)
FROM segments
GROUP BY log, event;

-- A NUL in a name cannot be told in SQL here: such segments are passed over.
INSERT INTO observed (source, log, event, name, value_type, row_count, first_at, last_at)
SELECT
    '', log, event, said.value ->> 'name', said.value ->> 'value_type', CAST(sum(CAST(said.value ->> 'rows' AS BIGINT)) AS BIGINT),
    min(first_at), max(last_at)
FROM (SELECT * FROM segments WHERE position('\u0000' IN columns) = 0) AS readable
CROSS JOIN LATERAL json_array_elements(CAST(readable.columns AS JSON)) AS said
GROUP BY log, event, said.value ->> 'name', said.value ->> 'value_type';
