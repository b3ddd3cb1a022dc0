-- id: SM-E05 SM-E11
-- title: Isolation or encryption between containers off
-- meaning: A job or model switches off the isolation from the network or the encryption between containers,
--   where four of five earlier ones of this principal had it.
-- severity: medium
-- attack: T1578.005
-- atlas: AML.T0025
-- window: majority of the baseline
-- needs: management, baseline
-- look-alikes: frameworks that need the network: then the baseline has it off too
WITH n AS (
  SELECT a.actor_key, r.path, SUM(CASE WHEN r.value = 'true' THEN 1 ELSE 0 END) AS have, COUNT(*) AS n
  FROM events a JOIN refs r ON r.event_key = a.event_key CROSS JOIN params q
  WHERE a.ts < q.split AND a.ok = 1 AND a.is_ai = 1 AND r.kind = 'posture_flag' AND (r.path LIKE '%nableNetworkIsolation' OR r.path LIKE '%nableInterContainerTrafficEncryption')
  GROUP BY a.actor_key, r.path
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' switches off ' || r.path AS why,
       r.path AS path
FROM events e
JOIN refs r ON r.event_key = e.event_key
JOIN n ON n.actor_key = e.actor_key AND n.path = r.path
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split AND e.ok = 1 AND e.is_ai = 1 AND r.kind = 'posture_flag' AND r.value = 'false'
  AND n.n >= 3 AND n.have >= 0.8 * n.n
