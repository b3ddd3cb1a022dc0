-- id: SM-A04
-- title: One caller opens many Studio profiles
-- meaning: Three profiles or more within an hour, and more than the caller ever opened in an hour of the
--   baseline; of a caller with five profiles or more in the baseline, twice as many.
-- severity: high
-- attack: T1550.001 T1087.004
-- atlas: AML.T0012
-- window: 1 hour, against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: the portal that makes links for everybody
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(DISTINCT target_profile) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_name = 'CreatePresignedDomainUrl' AND ok = 1 AND target_profile <> ''
  GROUP BY actor_key, CAST(FLOOR(ts / 3600) AS BIGINT)
), b AS (
  SELECT w.actor_key, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key
), a AS (
  SELECT x.actor_key, COUNT(DISTINCT x.target_profile) AS profiles
  FROM events x CROSS JOIN params q
  WHERE x.ts < q.split AND x.event_name = 'CreatePresignedDomainUrl' AND x.ok = 1 AND x.target_profile <> ''
  GROUP BY x.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' Studio profiles opened within an hour' AS why
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key
LEFT JOIN a ON a.actor_key = w.actor_key
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 3
  AND w.n > COALESCE(b.most, 0) * CASE WHEN COALESCE(a.profiles, 0) >= 5 THEN 2 ELSE 1 END
  AND e.event_name = 'CreatePresignedDomainUrl'
