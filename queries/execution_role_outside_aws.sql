-- id: SM-N02 SM-D04
-- title: SageMaker session used from a public address
-- meaning: Credentials of a notebook or of Studio came from a public network from which this role's sessions
--   never came: they may have left AWS. Only roles that keep to few networks.
-- severity: critical
-- attack: T1552.005 T1078.004
-- atlas: AML.T0055
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the address of the own network's way out, in the baseline; a role whose notebooks are on the
--   internet, with a new address of AWS at each start (execution_role_new_network); a role that is new. Which
--   addresses are AWS's own is not known here
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
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND COALESCE(n.nets, 0) < 3
  AND e.session_name = 'SageMaker' AND e.ip_kind = 'public' AND e.invoked_by = ''
