-- id: SM-A05
-- title: Studio link with unusual options
-- meaning: A link to Studio has a lifetime that its maker never asked for, although he made links before.
-- severity: low
-- attack: T1550.001
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new default of the SDK: many callers on one day; who makes links for the first time
WITH n AS (
  SELECT a.actor_key, f.path, f.value, a.ts, a.event_key
  FROM events a JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreatePresignedDomainUrl', 'CreatePresignedNotebookInstanceUrl') AND a.ok = 1
    AND f.path IN ('expiresInSeconds', 'sessionExpirationDurationInSeconds')
), f AS (
  SELECT actor_key, path, value, MIN(ts) AS first_ts FROM n GROUP BY actor_key, path, value
), b AS (
  SELECT DISTINCT f.actor_key, f.path, 1 AS seen FROM f CROSS JOIN params q WHERE f.first_ts < q.split
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       f.path || ' = ' || f.value AS why,
       e.source_ip
FROM f
JOIN b ON b.actor_key = f.actor_key AND b.path = f.path
JOIN n ON n.actor_key = f.actor_key AND n.path = f.path AND n.value = f.value AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreatePresignedDomainUrl', 'CreatePresignedNotebookInstanceUrl') AND e.ok = 1
