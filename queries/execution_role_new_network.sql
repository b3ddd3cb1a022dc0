-- id: SM-N02
-- title: SageMaker session of a roving role from a new network
-- meaning: A session of a role that comes from many public networks, as notebooks on the internet do, came from
--   one more: an address of AWS, or credentials that left.
-- severity: medium
-- attack: T1552.005 T1078.004
-- atlas: AML.T0055
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a notebook on the internet that was started again; networks of the baseline; roles that keep to
--   few networks
WITH f AS (
  SELECT principal_key, ip_net, MIN(ts) AS first_ts
  FROM events
  WHERE session_name = 'SageMaker' AND ip_kind = 'public' AND invoked_by = ''
  GROUP BY principal_key, ip_net
), known AS (
  SELECT DISTINCT b.principal_key, 1 AS seen FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.session_name = 'SageMaker'
), nets AS (
  SELECT f.principal_key, COUNT(*) AS nets FROM f CROSS JOIN params q WHERE f.first_ts < q.split GROUP BY f.principal_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a SageMaker session called ' || e.event_name || ' from ' || e.source_ip AS why,
       e.source_ip, e.user_agent
FROM f
JOIN known k ON k.principal_key = f.principal_key
LEFT JOIN nets n ON n.principal_key = f.principal_key
JOIN events e ON e.principal_key = f.principal_key AND e.ip_net = f.ip_net AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND COALESCE(n.nets, 0) >= 3
  AND e.session_name = 'SageMaker' AND e.ip_kind = 'public' AND e.invoked_by = ''
