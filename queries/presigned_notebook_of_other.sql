-- id: SM-A02
-- title: Notebook opened by somebody who did not make it
-- meaning: A link to a notebook instance, made for the first time by somebody, while another one made the
--   notebook or opened it before.
-- severity: high
-- attack: T1550.001
-- atlas: AML.T0012
-- window: first seen against the baseline; who made it as far back as the logs go
-- needs: management, baseline
-- look-alikes: notebooks that a team shares; an administrator who looks once; a notebook that nobody made or
--   opened in the logs
WITH f AS (
  SELECT actor_key, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_name = 'CreatePresignedNotebookInstanceUrl' AND ok = 1
  GROUP BY actor_key, resource_name
), made AS (
  SELECT DISTINCT actor_key, resource_name, 1 AS seen
  FROM events
  WHERE event_name = 'CreateNotebookInstance' AND ok = 1
), owned AS (
  SELECT DISTINCT x.resource_name, 1 AS seen
  FROM (
    SELECT resource_name FROM made
    UNION ALL
    SELECT f.resource_name FROM f CROSS JOIN params q WHERE f.first_ts < q.split
  ) x
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'opened the notebook ' || e.resource_name || ', which somebody else made or used' AS why,
       e.source_ip
FROM f
JOIN owned o ON o.resource_name = f.resource_name
JOIN events e ON e.actor_key = f.actor_key AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
LEFT JOIN made m ON m.actor_key = f.actor_key AND m.resource_name = f.resource_name
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND m.seen IS NULL
  AND e.event_name = 'CreatePresignedNotebookInstanceUrl' AND e.ok = 1
