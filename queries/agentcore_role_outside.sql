-- id: BR-P03
-- title: Role of an agent used from elsewhere or for something else
-- meaning: A role of AgentCore, known by its name or because it was handed over, called from a public network
--   or a service that it never did.
-- severity: high
-- attack: T1552.005
-- atlas: AML.T0055
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new tool of the agent; networks and services of the baseline
WITH r AS (
  SELECT DISTINCT x.arn, 1 AS seen
  FROM (
    SELECT f.value AS arn FROM events a JOIN refs f ON f.event_key = a.event_key
    WHERE f.kind = 'passed_role' AND a.ok = 1 AND a.event_source IN ('bedrock-agentcore.amazonaws.com', 'bedrock-agentcore-control.amazonaws.com')
    UNION ALL
    SELECT principal_arn AS arn FROM events
    WHERE principal_name LIKE 'AgentCore-%' OR principal_name LIKE 'BedrockAgentCore%' OR principal_name LIKE 'AmazonBedrockAgentCore%'
  ) x
), n AS (
  SELECT e.principal_key, e.ip_kind, e.ip_net, e.event_source, MIN(e.ts) AS first_ts
  FROM events e JOIN r ON r.arn = e.principal_arn
  WHERE e.invoked_by = ''
  GROUP BY e.principal_key, e.ip_kind, e.ip_net, e.event_source
), f AS (
  SELECT principal_key, 'network' AS kind, ip_net AS value, MIN(first_ts) AS first_ts
  FROM n WHERE ip_kind = 'public' GROUP BY principal_key, ip_net
  UNION ALL
  SELECT principal_key, 'service' AS kind, event_source AS value, MIN(first_ts) AS first_ts
  FROM n GROUP BY principal_key, event_source
), b AS (
  SELECT DISTINCT n.principal_key, 1 AS seen FROM n CROSS JOIN params q WHERE n.first_ts < q.split
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.principal_name || CASE WHEN f.kind = 'network' THEN ' called from the new network ' ELSE ' called the new service ' END || f.value AS why,
       e.source_ip
FROM f
JOIN b ON b.principal_key = f.principal_key
JOIN events e ON e.principal_key = f.principal_key AND e.ts = f.first_ts
JOIN r ON r.arn = e.principal_arn
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.invoked_by = ''
  AND ((f.kind = 'network' AND e.ip_kind = 'public' AND e.ip_net = f.value) OR (f.kind = 'service' AND e.event_source = f.value))
