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
  SELECT e.principal_key, e.ts, e.event_key, 'network' AS kind, e.ip_net AS value
  FROM events e JOIN r ON r.arn = e.principal_arn
  WHERE e.ip_kind = 'public' AND e.invoked_by = ''
  UNION ALL
  SELECT e.principal_key, e.ts, e.event_key, 'service' AS kind, e.event_source AS value
  FROM events e JOIN r ON r.arn = e.principal_arn
  WHERE e.invoked_by = ''
), f AS (
  SELECT principal_key, kind, value, MIN(ts) AS first_ts FROM n GROUP BY principal_key, kind, value
), b AS (
  SELECT DISTINCT n.principal_key, 1 AS seen FROM n CROSS JOIN params q WHERE n.ts < q.split
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.principal_name || CASE WHEN f.kind = 'network' THEN ' called from the new network ' ELSE ' called the new service ' END || f.value AS why,
       e.source_ip
FROM f
JOIN b ON b.principal_key = f.principal_key
JOIN n ON n.principal_key = f.principal_key AND n.kind = f.kind AND n.value = f.value AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
