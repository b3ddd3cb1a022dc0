-- id: SM-A11
-- title: App started in somebody else's space
-- meaning: An app was started in a space by somebody who never did that there, while another one made the space
--   or started apps in it.
-- severity: medium
-- attack: T1078.004
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: spaces that are shared; people behind one execution role, who look alike; infrastructure as code
WITH s AS (
  SELECT actor_key, recipient_account, region, event_name, ts, event_key,
         CASE WHEN event_name = 'CreateSpace' THEN 'made' ELSE 'started' END AS how
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreateSpace', 'CreateApp') AND ok = 1
), n AS (
  SELECT s.actor_key, s.recipient_account, s.how, s.ts, s.event_key, f.value AS space
  FROM s JOIN fields f ON f.event_key = s.event_key
  WHERE f.path = 'spaceName' AND f.value <> ''
), f AS (
  SELECT actor_key, recipient_account, space, MIN(ts) AS first_ts FROM n GROUP BY actor_key, recipient_account, space
), owned AS (
  SELECT f.recipient_account, f.space, COUNT(*) AS others FROM f CROSS JOIN params q WHERE f.first_ts < q.split GROUP BY f.recipient_account, f.space
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'started an app in the space ' || f.space || ' of somebody else' AS why,
       e.source_ip
FROM f
JOIN owned o ON o.recipient_account = f.recipient_account AND o.space = f.space
JOIN n ON n.actor_key = f.actor_key AND n.space = f.space AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND n.how = 'started' AND e.is_iac = 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateSpace', 'CreateApp') AND e.ok = 1
