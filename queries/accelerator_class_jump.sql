-- id: SM-G02
-- title: First use of a large accelerator
-- meaning: A job, notebook or endpoint asks for a class of accelerated machines (p, g, trn, inf), or for the
--   largest sizes of one (16xlarge and up), that this principal never asked for.
-- severity: high
-- attack: T1496.001
-- atlas: AML.T0034
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a planned run of training; a newer generation or another small size of a class in the baseline
WITH n AS (
  SELECT a.actor_key AS actor_key, a.ts, a.event_key, r.value AS value,
         CASE WHEN r.norm LIKE 'p%' THEN 'p' WHEN r.norm LIKE 'g%' THEN 'g' WHEN r.norm LIKE 'trn%' THEN 'trn' ELSE 'inf' END ||
         CASE WHEN r.value LIKE '%.16xlarge' OR r.value LIKE '%.24xlarge' OR r.value LIKE '%.32xlarge' OR r.value LIKE '%.48xlarge' OR r.value LIKE '%.metal%'
              THEN ', large' ELSE '' END AS class
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 'instance_type'
    AND (r.norm LIKE 'p2%' OR r.norm LIKE 'p3%' OR r.norm LIKE 'p4%' OR r.norm LIKE 'p5%' OR r.norm LIKE 'p6%' OR r.norm LIKE 'g4%' OR r.norm LIKE 'g5%' OR r.norm LIKE 'g6%' OR r.norm LIKE 'g7%' OR r.norm LIKE 'trn%' OR r.norm LIKE 'inf%')
), f AS (
  SELECT actor_key, class, MIN(ts) AS first_ts
  FROM n
  GROUP BY actor_key, class
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first machine of the class ' || n.class || ': ' || n.value AS why,
       n.value AS instance_type, e.event_name, e.resource_name
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.class = f.class AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_ai = 1
