-- id: SM-L09
-- title: API key for an AI service made or used
-- meaning: A key for Bedrock that stands for itself, without signature, was made, or was used by a principal who
--   never used one.
-- severity: high
-- attack: T1098.001
-- atlas: AML.T0012 AML.T0055
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a trial of API keys that was agreed, in the baseline; other service credentials
WITH n AS (
  SELECT DISTINCT a.actor_key, a.event_name, a.ts, a.event_key
  FROM events a
  LEFT JOIN (SELECT event_key, 1 AS for_bedrock FROM fields WHERE path = 'serviceName' AND value = 'bedrock.amazonaws.com') r
    ON r.event_key = a.event_key
  WHERE a.ok = 1 AND (a.bearer_token = 1 OR a.event_name = 'CreateServiceSpecificCredential')
    AND (a.bearer_token = 1 OR (a.event_name = 'CreateServiceSpecificCredential' AND r.for_bedrock = 1))
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' with or for an API key' AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND (e.bearer_token = 1 OR e.event_name = 'CreateServiceSpecificCredential')
