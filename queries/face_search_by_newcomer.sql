-- id: AI-R02
-- title: Faces searched by somebody new
-- meaning: A principal searches or compares faces for the first time.
-- severity: medium
-- attack: T1530
-- atlas: AML.T0040
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new feature of an application
WITH f AS (
  SELECT actor_key, event_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'rekognition.amazonaws.com' AND ok = 1 AND event_name IN ('SearchFacesByImage', 'SearchFaces', 'SearchUsersByImage', 'IndexFaces', 'CompareFaces')
  GROUP BY actor_key, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' for the first time' AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.event_name = f.event_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'rekognition.amazonaws.com' AND e.ok = 1 AND e.event_name IN ('SearchFacesByImage', 'SearchFaces', 'SearchUsersByImage', 'IndexFaces', 'CompareFaces')
