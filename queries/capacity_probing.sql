-- id: SM-G05
-- title: Limits tried out
-- meaning: Three or more kinds of machines were refused for their limit within half an hour.
-- severity: high
-- attack: T1496.001
-- atlas: AML.T0034
-- window: 30 minutes
-- needs: management
-- look-alikes: a team that looks for scarce machines
WITH w AS (
  SELECT e.actor_key, CAST(FLOOR(e.ts / 1800) AS BIGINT) AS slot, COUNT(DISTINCT r.value) AS n, MAX(e.ts) AS ts
  FROM events e JOIN refs r ON r.event_key = e.event_key
  WHERE r.kind = 'instance_type' AND e.error_code LIKE '%ResourceLimitExceeded%'
  GROUP BY e.actor_key, CAST(FLOOR(e.ts / 1800) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' kinds of machines over the limit within half an hour' AS why,
       w.n AS instance_types
FROM w
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE w.n >= 3 AND e.error_code LIKE '%ResourceLimitExceeded%'
