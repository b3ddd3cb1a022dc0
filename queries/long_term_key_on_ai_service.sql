-- id: SM-N06 BR-K01
-- title: Long-term key on an AI service
-- meaning: An access key of a user that never expires calls an AI service that it never called.
-- severity: medium
-- attack: T1078.004 T1552.005 T1496.004
-- atlas: AML.T0055 AML.T0012 AML.T0034
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: old pipelines with a user of their own, in the baseline
WITH f AS (
  SELECT access_key_id, event_source, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND access_key_kind = 'AKIA'
  GROUP BY access_key_id, event_source
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the long-term key ' || e.access_key_id || ' called ' || e.event_source || ' ' || e.event_name AS why,
       e.access_key_id, e.source_ip
FROM f
JOIN events e ON e.access_key_id = f.access_key_id AND e.event_source = f.event_source AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.is_ai = 1 AND e.access_key_kind = 'AKIA'
