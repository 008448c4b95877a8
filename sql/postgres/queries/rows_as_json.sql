SELECT row_to_json(model_row)::text
FROM (
{query}
) AS model_row
