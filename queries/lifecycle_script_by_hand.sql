-- id: SM-L03
-- title: Lifecycle script changed by somebody new
-- meaning: A new script in a lifecycle configuration, by a principal who never wrote one in the baseline.
-- severity: medium
-- attack: T1546
-- atlas: AML.T0050
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the platform team, in the baseline; the same script again
WITH writers AS (
  SELECT DISTINCT b.actor_key, 1 AS seen FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name LIKE '%LifecycleConfig' AND b.script_sha256 <> '' AND b.ok = 1
), scripts AS (
  SELECT DISTINCT b.script_sha256, 1 AS seen_script FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name LIKE '%LifecycleConfig' AND b.ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'new lifecycle script ' || e.resource_name || ' by a new writer' AS why,
       e.script_sha256, e.script_flags
FROM events e
CROSS JOIN params p
LEFT JOIN writers w ON w.actor_key = e.actor_key
LEFT JOIN scripts s ON s.script_sha256 = e.script_sha256
WHERE p.has_baseline = 1 AND e.ts >= p.split AND w.seen IS NULL AND s.seen_script IS NULL
  AND e.event_name LIKE '%LifecycleConfig' AND e.script_sha256 <> '' AND e.ok = 1
