-- id: SM-N13
-- title: SageMaker session calls a service that none of its kind calls
-- meaning: A session of an execution role called a service that no role with such sessions called in the
--   baseline.
-- severity: medium
-- attack: T1078.004 T1059.009
-- atlas: AML.T0012
-- window: first seen against the baseline, for all execution roles together
-- needs: management, baseline
-- look-alikes: a new library in a notebook; services that another execution role used before; calls through a
--   service
WITH n AS (
  SELECT recipient_account, event_source, ts, event_key
  FROM events
  WHERE session_name = 'SageMaker' AND invoked_by = '' AND ok = 1 AND event_source NOT LIKE '%sagemaker%'
), f AS (
  SELECT recipient_account, event_source, MIN(ts) AS first_ts FROM n GROUP BY recipient_account, event_source
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'no session of SageMaker called ' || e.event_source || ' before: ' || e.event_name AS why,
       e.event_source, e.source_ip
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.event_source = f.event_source AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.session_name = 'SageMaker' AND e.invoked_by = '' AND e.ok = 1 AND e.event_source NOT LIKE '%sagemaker%'
