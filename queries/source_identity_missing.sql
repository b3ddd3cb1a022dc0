-- id: SM-N04
-- title: Session without the name that the others carry
-- meaning: A session of an execution role carries no source identity, while nearly all of the role did in the
--   baseline: who it is does not show.
-- severity: medium
-- attack: T1562.008
-- atlas: AML.T0012
-- window: the share of the baseline; first such session key
-- needs: management, baseline
-- look-alikes: processing jobs, which did not carry the name in the past; roles of domains that do not pass it
--   on
WITH b AS (
  SELECT e.principal_key, COUNT(*) AS n, SUM(CASE WHEN e.source_identity <> '' THEN 1 ELSE 0 END) AS have
  FROM events e CROSS JOIN params q
  WHERE e.ts < q.split AND e.session_name = 'SageMaker' AND e.invoked_by = ''
  GROUP BY e.principal_key
), f AS (
  SELECT principal_key, access_key_id, MIN(ts) AS first_ts
  FROM events
  WHERE session_name = 'SageMaker' AND invoked_by = '' AND source_identity = ''
  GROUP BY principal_key, access_key_id
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a session of ' || e.principal_name || ' without a source identity' AS why,
       e.access_key_id, e.source_ip
FROM f
JOIN b ON b.principal_key = f.principal_key
JOIN events e ON e.principal_key = f.principal_key AND e.access_key_id = f.access_key_id AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND b.n >= 10 AND b.have * 20 >= b.n * 19
  AND e.session_name = 'SageMaker' AND e.invoked_by = '' AND e.source_identity = ''
