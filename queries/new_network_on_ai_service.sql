-- id: SM-N01
-- title: AI service called from a new network
-- meaning: A caller of an AI service comes from a network that he never came from, and that fewer than three
--   callers of the account used in the baseline.
-- severity: medium
-- attack: T1078.004
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new provider at home, a phone, a change of the VPN: weak alone; the office, from which many
--   come. The network is the first half of the address, not its owner
WITH f AS (
  SELECT actor_key, ip_net, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND ip_kind = 'public' AND invoked_by = '' AND session_name <> 'SageMaker'
  GROUP BY actor_key, ip_net
), known AS (
  SELECT f.ip_net, COUNT(*) AS callers FROM f CROSS JOIN params q WHERE f.first_ts < q.split GROUP BY f.ip_net
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'called ' || e.event_name || ' from the new network ' || e.ip_net AS why,
       e.source_ip, e.user_agent
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.ip_net = f.ip_net AND e.ts = f.first_ts
CROSS JOIN params p
LEFT JOIN known k ON k.ip_net = f.ip_net
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND COALESCE(k.callers, 0) < 3
  AND e.is_ai = 1 AND e.ip_kind = 'public' AND e.invoked_by = '' AND e.session_name <> 'SageMaker'
